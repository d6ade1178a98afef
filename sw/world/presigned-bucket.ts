/**
 * The object store through the signed URLs of a grant. URLs never leave this file: errors carry object keys.
 *
 * Every GET is `no-cache`: the browser's own HTTP cache revalidates by ETag, which is a 304 on the wire and,
 * unlike a header of ours, needs no preflight. Stores send no Cache-Control, so without it an object could be
 * served stale for hours.
 */
import { objectBytesMax } from "../../shared/codecs/envelope.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { Grant } from "../../shared/grants.ts";
import { objectContentType, revealSignedUrl } from "../../shared/grants.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { Bucket, Clock } from "../engine/world.ts";
import type { CorrectedClock } from "./corrected-clock.ts";

/** A refused request may carry no CORS headers and so be unreadable: near expiry that is what it means. */
const nearExpiryMs = 60_000;

/** A store that has not begun to answer by then is taken for dead; a body gets time on top, by its length. */
const answerMsMax = 30_000;

/** The slowest connection on which sync is worth waiting for: 10 kB a second. */
const bytesPerMsMin = 10;

/** Where the length of a body is not told, as long as 3 MB may take. */
const unknownBodyMsMax = 300_000;

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  403: "expired",
  409: "retry",
  412: "conflict",
  429: "retry",
  500: "retry",
  502: "retry",
  503: "retry",
  504: "retry",
};

/** What becomes of the grant while it is used. */
export interface GrantWatch {
  /** The user has ended the sign-in it was given to: it is used no more, although the store would take it. */
  isRevoked(): boolean;
  /** A manifest is gone. Resolves once it is known, as far as it can be, whether the user has deleted everything. */
  missed(): Promise<void>;
}

/** For a grant that is good until it expires. */
const unwatched: GrantWatch = { isRevoked: () => false, missed: () => Promise.resolve() };

export function createPresignedBucket(
  grant: Grant,
  clock: Clock & Partial<Pick<CorrectedClock, "heard">>,
  watch: GrantWatch = unwatched,
): Bucket {
  const { namespace, replica, layout } = grant;

  const request = async (
    method: "put" | "get",
    of: ReplicaId,
    name: string,
    init: RequestInit,
    bodyBytes = 0,
  ): Promise<Answer> => {
    const key = objectKey(namespace, of, name);
    if (watch.isRevoked()) throw new PresyncError("expired", "the sign-in was ended", { key });
    if (method === "put" && grant.put === null)
      throw new PresyncError("quota", "this user's part of the bucket is full", { key });
    const url = revealSignedUrl(grant, method, of, name);
    if (url === undefined) throw new PresyncError("denied", "no grant for this object", { key });
    let response: Response;
    const askedAt = clock.now();
    const limit = new TimeLimit(answerMsMax + bodyBytes / bytesPerMsMin);
    try {
      const { signal } = limit;
      response = await fetch(url, { ...init, signal, credentials: "omit", redirect: "error" });
      const length = Number(response.headers.get("content-length") ?? Number.NaN);
      limit.extend(Number.isNaN(length) ? unknownBodyMsMax : answerMsMax + length / bytesPerMsMin);
    } catch {
      limit.end();
      // The cause is left out: a browser may put the URL into its message.
      if (clock.now() > grant.expiresAt - nearExpiryMs)
        throw new PresyncError("expired", "the grant has probably expired", { key });
      throw method === "put"
        ? new PresyncError("outcome-unknown", "the store did not answer a PUT", { key })
        : new PresyncError("unreachable", "the store did not answer", { key });
    }
    clock.heard?.(Date.parse(response.headers.get("date") ?? ""), askedAt);
    if (response.ok || (method === "get" && response.status === 404)) return { response, limit };
    limit.end();
    await response.body?.cancel();
    const code = codesByStatus[response.status] ?? "unexpected-answer";
    throw new PresyncError(code, `the store answered ${response.status}`, { key });
  };

  return {
    namespace,
    replica,
    layout,
    peers: () =>
      grant.get.replicas
        .filter((peer) => peer.replica !== replica)
        .map(({ replica: peer, state }) => ({
          replica: peer,
          state: state === "own" ? "active" : state,
        })),
    async put(name, bytes) {
      const headers = { "content-type": objectContentType };
      const { limit, response } = await request(
        "put",
        replica,
        name,
        { method: "PUT", body: bytes, headers },
        bytes.length,
      );
      await response.body?.cancel();
      limit.end();
    },
    async get(of, name, { knownEtag, reload = false } = {}) {
      const cache = reload ? "reload" : "no-cache";
      const { response, limit } = await request("get", of, name, { cache });
      try {
        const etag = response.headers.get("etag") ?? undefined;
        const absent = response.status === 404;
        if (absent || (etag !== undefined && etag === knownEtag)) {
          await response.body?.cancel();
          const isKnown = of === replica || knownEtag !== undefined;
          if (absent && isKnown && name === manifestName) await watch.missed();
          return absent ? null : "unchanged";
        }
        return { bytes: await readBody(response), etag };
      } catch (error) {
        const key = objectKey(namespace, of, name);
        if (error instanceof PresyncError)
          throw new PresyncError(error.code, error.message, { key });
        throw new PresyncError("unreachable", "an object was cut off", { key });
      } finally {
        limit.end();
      }
    },
  };
}

interface Answer {
  readonly response: Response;
  readonly limit: TimeLimit;
}

/** Reads no more than an object may have, whatever length was promised. */
async function readBody(response: Response): Promise<Uint8Array> {
  const tooLarge = new PresyncError("too-large", `an object of more than ${objectBytesMax} bytes`);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > objectBytesMax) {
      await reader.cancel();
      throw tooLarge;
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Aborts a request that takes too long; what is too long may be said anew when more is known. */
class TimeLimit {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout>;

  constructor(limitMs: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), limitMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  extend(limitMs: number): void {
    this.end();
    this.#timer = setTimeout(() => this.#controller.abort(), limitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
