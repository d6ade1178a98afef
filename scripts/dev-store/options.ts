/** The options of a store, and the check that they make sense. */
import type { CorsRule } from "./cors.ts";
import { checkCorsRules } from "./cors-xml.ts";
import type { Credential } from "./credentials.ts";

export interface StoreOptions {
  /** The data directory; created if it is not there. One process at a time. */
  readonly dir: string;
  /** 0, the default, picks a free one. */
  readonly port?: number;
  /** The region that signatures must be for; `us-east-1` by default. */
  readonly region?: string;
  readonly credentials: readonly Credential[];
  readonly buckets: readonly string[];
  /** CORS rules for every bucket while the store runs; by default those set through the API, if any. */
  readonly cors?: readonly CorsRule[];
  /** Refuse a second write to one key within this time, as R2 and GCS do; 0, the default, never refuses. */
  readonly writeIntervalMs?: number;
  /** 64 MiB by default. */
  readonly objectBytesMax?: number;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** False leaves out fsync: faster, and safe against a killed process, but not against a power cut. */
  readonly sync?: boolean;
  /** Called once per request, before its answer goes out. Must not throw. */
  readonly onRequest?: (request: RequestCount) => void;
}

/** One request as benchmarks count it. Bytes are those of the bodies. */
export interface RequestCount {
  readonly method: string;
  /** Empty when the address could not be read; as is `key`, also for requests about a bucket. */
  readonly bucket: string;
  readonly key: string;
  /** 0 if the client went away before there was an answer. */
  readonly status: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The Origin header. */
  readonly origin: string | undefined;
}

/** A store that was asked for something impossible says so when it starts, and not at the first request. */
export function checkOptions(options: StoreOptions): void {
  // The rules of S3 for names; they also keep the directory of a bucket inside the data directory.
  const badName = options.buckets.find((name) => !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name));
  if (badName !== undefined) throw new Error(`${badName} is not a bucket name`);
  const ids = options.credentials.map((each) => each.accessKeyId);
  if (new Set(ids).size !== ids.length) throw new Error("two credentials have the same access key");
  const badKey = options.credentials.find(
    (each) => !/^[^\s/,;=]+$/.test(each.accessKeyId) || each.secretAccessKey === "",
  );
  if (badKey !== undefined)
    throw new Error("an access key or its secret is empty or has forbidden characters");
  checkCorsRules(options.cors ?? []);
}
