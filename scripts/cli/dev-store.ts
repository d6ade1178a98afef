/** The object store of `presync dev`: the embedded one, or any other that a JSON file describes. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AccessKey, Addressing, StoreConfig } from "../../service/config.ts";
import { bucketFault, endpointFault, regionFault } from "../../service/faults.ts";
import { PresyncError } from "../../shared/errors.ts";
import { startStore } from "../dev-store/index.ts";
import type { DevData, DevPorts } from "./dev-data.ts";
import { openFirst } from "./ports.ts";

const region = "us-east-1";
const bucket = "presync-dev";
/** What Chromium remembers at most, and so what a production bucket should say. */
const preflightSecondsMax = 7200;

export interface DevStore {
  readonly config: Required<StoreConfig>;
  /** Where the embedded store listens; nothing for another store. */
  readonly ports: Pick<DevPorts, "store">;
  close(): Promise<void>;
}

export interface EmbeddedStoreOptions {
  readonly directory: string;
  readonly data: DevData;
  readonly origins: readonly string[];
  readonly writeIntervalMs: number;
  /** The store's clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** Three keys with one right each, as a production bucket should have them. */
export async function startEmbeddedStore(options: EmbeddedStoreOptions): Promise<DevStore> {
  const { storeSecrets, ports } = options.data;
  const read = { accessKeyId: "presync-dev-read", secretAccessKey: storeSecrets.read };
  const write = { accessKeyId: "presync-dev-write", secretAccessKey: storeSecrets.write };
  const admin = { accessKeyId: "presync-dev-admin", secretAccessKey: storeSecrets.admin };
  const store = await openFirst([ports.store ?? 0, 0], (port) =>
    startStore({
      dir: join(options.directory, "store"),
      port,
      region,
      buckets: [bucket],
      credentials: [
        { ...read, rights: { read: true, list: true } },
        { ...write, rights: { write: true } },
        { ...admin, rights: { read: true, write: true, list: true, delete: true, admin: true } },
      ],
      cors: [
        {
          allowedOrigins: options.origins,
          allowedMethods: ["GET", "HEAD", "PUT"],
          allowedHeaders: ["content-type"],
          maxAgeSeconds: preflightSecondsMax,
        },
      ],
      writeIntervalMs: options.writeIntervalMs,
      ...(options.now === undefined ? {} : { now: options.now }),
    }),
  );
  const { endpoint } = store;
  return {
    config: { endpoint, region, bucket, addressing: "path", read, write, admin },
    ports: { store: store.port },
    close: () => store.close(),
  };
}

/**
 * `{"endpoint", "region", "bucket", "addressing"?, "accessKeyId", "secretAccessKey", "read"?, "write"?}`, where
 * `read` and `write` are `{"accessKeyId", "secretAccessKey"}` and default to the outer pair, the admin's. The bucket
 * must exist, and its CORS rules must allow the app's origin.
 */
export async function readStoreJson(file: string): Promise<DevStore> {
  const value = parseObject(await readFile(file, "utf8"), file);
  const config: Required<StoreConfig> = {
    endpoint: text(value, "endpoint", file),
    region: text(value, "region", file),
    bucket: text(value, "bucket", file),
    addressing: addressing(value["addressing"], file),
    admin: accessKey(value, file),
    read: accessKey(value["read"] ?? value, file),
    write: accessKey(value["write"] ?? value, file),
  };
  const fault =
    endpointFault(config.endpoint) ?? regionFault(config.region) ?? bucketFault(config.bucket);
  if (fault !== undefined) throw wrong(file, `a part ${fault}`);
  return { config, ports: {}, close: async () => {} };
}

function parseObject(json: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Without the reason: it would quote from a file of secrets.
  }
  throw wrong(file, "it is not a JSON object");
}

function accessKey(value: unknown, file: string): AccessKey {
  return {
    accessKeyId: text(value, "accessKeyId", file),
    secretAccessKey: text(value, "secretAccessKey", file),
  };
}

function addressing(value: unknown, file: string): Addressing {
  if (value === undefined || value === "path") return "path";
  if (value === "virtual-host") return value;
  throw wrong(file, "addressing is neither `path` nor `virtual-host`");
}

function text(value: unknown, name: string, file: string): string {
  const part = (value as Record<string, unknown> | null)?.[name];
  if (typeof part === "string" && part !== "") return part;
  throw wrong(file, `${name} is missing`);
}

function wrong(file: string, why: string): PresyncError {
  return new PresyncError("invalid-argument", `${file} does not describe a store: ${why}`);
}
