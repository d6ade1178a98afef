/**
 * The requests the service itself makes of the bucket: list, get, put and delete with the admin key, and with the read
 * key the few manifests that tell whether a device may be deleted. A store that is down, refuses or answers nonsense is
 * `retry` to the caller; the operator finds the reason in the log.
 */
import { AwsV4Signer } from "aws4fetch";
import { PresyncError } from "../shared/errors.ts";
import { bytesToHex } from "../shared/hex.ts";
import type { AccessKey, CheckedConfig } from "./config.ts";
import { listPage } from "./list-answer.ts";
import { bucketUrl } from "./store-url.ts";

/** A store that takes longer is as good as down; the device asks again later. */
const requestMsMax = 10_000;

/** Service objects are JSON of a few hundred bytes. */
const objectBytesMax = 16_384;

/** What ListObjectsV2 gives at most in one page. */
const listPageKeysMax = 1000;

/** How many objects are deleted at a time: the store answers each in some milliseconds. */
const deletesAtOnce = 16;

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** Empty where the store does not say. */
  readonly etag: string;
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
  /** An object that a user has written; null where there is none, or where it has more bytes than that. */
  read(key: string, bytesMax: number): Promise<Uint8Array | null>;
  /** That there is nothing any more under one of the keys, or was not, is no error. */
  delete(keys: readonly string[]): Promise<void>;
}

export interface StoreClientOptions extends Pick<CheckedConfig, "store" | "now" | "fetch" | "log"> {
  readonly listPageKeys?: number;
}

export function createStoreClient(options: StoreClientOptions): StoreClient {
  const { store, now, log } = options;
  const base = bucketUrl(store);
  const pageKeys = options.listPageKeys ?? listPageKeysMax;

  async function send(
    method: "GET" | "PUT" | "DELETE",
    path: string,
    init: RequestParts = {},
  ): Promise<Answer> {
    const { response, bytes } = await request(method, path, init);
    return { status: response.status, text: new TextDecoder().decode(bytes) };
  }

  async function request(
    method: "GET" | "PUT" | "DELETE",
    path: string,
    init: RequestParts,
  ): Promise<{ readonly response: Response; readonly bytes: Uint8Array }> {
    try {
      const signed = await new AwsV4Signer({
        ...(init.accessKey ?? store.admin),
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
      const tooLarge = Number(response.headers.get("content-length")) > (init.bytesMax ?? Infinity);
      if (!tooLarge) return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
      await response.body?.cancel();
      return { response, bytes: new Uint8Array() };
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

  async function read(key: string, bytesMax: number): Promise<Uint8Array | null> {
    const parts = { accessKey: store.read, bytesMax };
    const { response, bytes } = await request("GET", encodePath(key), parts);
    const { status } = response;
    if (status === 200) return bytes.length === 0 || bytes.length > bytesMax ? null : bytes;
    const text = new TextDecoder().decode(bytes);
    if (status === 404 && !text.includes("NoSuchBucket")) return null;
    throw refused("GET", { status, text });
  }

  async function deleteOne(key: string): Promise<void> {
    const answer = await send("DELETE", encodePath(key));
    const isGone = answer.status === 404 && !answer.text.includes("NoSuchBucket");
    if (answer.status !== 200 && answer.status !== 204 && !isGone) throw refused("DELETE", answer);
  }

  return {
    list,
    get,
    read,
    async delete(keys) {
      for (let at = 0; at < keys.length; at += deletesAtOnce)
        await Promise.all(keys.slice(at, at + deletesAtOnce).map(deleteOne));
    },
    put: async (key, text) => {
      await write(key, text, false);
    },
    create: (key, text) => write(key, text, true),
  };
}

/** Deletes what is below a prefix, a page at a time, until nothing is left. */
export async function deleteBelow(store: StoreClient, prefix: string): Promise<void> {
  while ((await deleteSome(store, prefix, listPageKeysMax)) > 0);
}

/** Deletes what is below a prefix, at most so many objects; how many it were. */
export async function deleteSome(
  store: StoreClient,
  prefix: string,
  deletesMax: number,
): Promise<number> {
  const keys = (await store.list(prefix, deletesMax)).map(({ key }) => key);
  // A store whose answer is about something else must not cost anybody anything.
  if (!keys.every((key) => key.startsWith(prefix))) throw unavailable();
  await store.delete(keys);
  return keys.length;
}

interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Instead of the admin key. */
  readonly accessKey?: AccessKey;
  /** A longer body is not read. */
  readonly bytesMax?: number;
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
