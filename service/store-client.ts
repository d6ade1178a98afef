/**
 * The three requests the service itself makes of the bucket, with the admin key: list, get, put. A store that is
 * down, refuses or answers nonsense is `retry` to the caller; the operator finds the reason in the log.
 */
import { AwsV4Signer } from "aws4fetch";
import { PresyncError } from "../shared/errors.ts";
import { bytesToHex } from "../shared/hex.ts";
import type { CheckedConfig } from "./config.ts";
import { listPage } from "./list-answer.ts";
import { bucketUrl } from "./store-url.ts";

/** A store that takes longer is as good as down; the device asks again later. */
const requestMsMax = 10_000;

/** Service objects are JSON of a few hundred bytes. */
const objectBytesMax = 16_384;

/** What ListObjectsV2 gives at most in one page. */
const listPageKeysMax = 1000;

interface ListedObject {
  readonly key: string;
  /** Milliseconds since 1970, by the store's clock. */
  readonly lastModified: number;
}

export interface StoreClient {
  /** All objects below a prefix, up to a limit. */
  list(prefix: string, keysMax: number): Promise<ListedObject[]>;
  /** The object's text; null where there is none. */
  get(key: string): Promise<string | null>;
  put(key: string, text: string): Promise<void>;
  /** Whether it was created; false where the key was taken. */
  create(key: string, text: string): Promise<boolean>;
}

export interface StoreClientOptions extends Pick<CheckedConfig, "store" | "now" | "fetch" | "log"> {
  readonly listPageKeys?: number;
}

export function createStoreClient(options: StoreClientOptions): StoreClient {
  const { store, now, log } = options;
  const base = bucketUrl(store);
  const pageKeys = options.listPageKeys ?? listPageKeysMax;

  async function send(
    method: "GET" | "PUT",
    path: string,
    init: RequestParts = {},
  ): Promise<Answer> {
    try {
      const signed = await new AwsV4Signer({
        ...store.admin,
        method,
        url: base + path,
        service: "s3",
        region: store.region,
        allHeaders: true,
        datetime: new Date(now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
        headers: { ...init.headers, "x-amz-content-sha256": await sha256Hex(init.body ?? "") },
      }).sign();
      const response = await options.fetch(signed.url.href, {
        method,
        headers: signed.headers,
        redirect: "manual",
        signal: AbortSignal.timeout(requestMsMax),
        ...(init.body === undefined ? {} : { body: init.body }),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      log({
        level: "error",
        event: "store-unreachable",
        method,
        name: error instanceof Error ? error.name : typeof error,
      });
      throw unavailable();
    }
  }

  /** For every status that was not asked for: a wrong key and a full disk look alike from outside. */
  function refused(method: string, { status, text }: Answer): PresyncError {
    const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1] ?? "";
    log({ level: "error", event: "store-refused", method, status, code });
    return unavailable();
  }

  async function list(prefix: string, keysMax: number): Promise<ListedObject[]> {
    const objects: ListedObject[] = [];
    let token: string | undefined;
    do {
      const query = new URLSearchParams({
        "list-type": "2",
        prefix,
        "max-keys": String(Math.min(pageKeys, keysMax)),
        ...(token === undefined ? {} : { "continuation-token": token }),
      });
      // Each page names the next.
      const answer = await send("GET", `?${query.toString()}`);
      const page = answer.status === 200 ? listPage(answer.text) : undefined;
      if (page === undefined) throw refused("LIST", answer);
      objects.push(...page.objects);
      // A page that says there is more but brings nothing would go on for ever.
      token = page.objects.length > 0 ? page.nextToken : undefined;
    } while (token !== undefined && objects.length < keysMax);
    return objects.slice(0, keysMax);
  }

  async function get(key: string): Promise<string | null> {
    const answer = await send("GET", encodePath(key));
    if (answer.status === 404 && !answer.text.includes("NoSuchBucket")) return null;
    if (answer.status !== 200 || answer.text.length > objectBytesMax) throw refused("GET", answer);
    return answer.text;
  }

  async function write(key: string, text: string, create: boolean): Promise<boolean> {
    const answer = await send("PUT", encodePath(key), {
      body: text,
      headers: {
        "content-type": "application/json",
        ...(create ? { "if-none-match": "*" } : {}),
      },
    });
    // 409: another request for the same key is under way, and one of the two will be told 412.
    if (create && (answer.status === 412 || answer.status === 409)) return false;
    if (answer.status !== 200) throw refused("PUT", answer);
    return true;
  }

  return {
    list,
    get,
    put: async (key, text) => {
      await write(key, text, false);
    },
    create: (key, text) => write(key, text, true),
  };
}

interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function unavailable(): PresyncError {
  return new PresyncError("retry", "the object store does not answer as it should; try again");
}

function encodePath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return bytesToHex(new Uint8Array(digest));
}
