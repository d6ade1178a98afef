/**
 * The double of an object store behind `fetch`, for the service's own tests: list with pages, get, put, create, delete.
 * It keeps its time by the same clock as the service, and can be down. It checks no signature; what is
 * signed is proven on the embedded store.
 */

interface MemoryObject {
  readonly text: string;
  /** What it holds, where that is no text. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly modifiedAt: number;
}

export interface MemoryBucket {
  readonly fetch: typeof fetch;
  readonly objects: Map<string, MemoryObject>;
  /** `PUT @service/…`, in order. */
  readonly requests: string[];
  /** While set, every request gets this status; 0 is no answer at all. */
  failure: number | undefined;
}

/** Small, so that a listing of a handful of objects already has pages. */
const pageKeys = 3;

export function createMemoryBucket(now: () => number): MemoryBucket {
  const bucket: MemoryBucket = {
    objects: new Map(),
    requests: [],
    failure: undefined,
    fetch: async (input, init = {}) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const key = decodeURIComponent(url.pathname.split("/").slice(2).join("/"));
      const method = init.method ?? "GET";
      bucket.requests.push(`${method} ${key}`);
      // Requests of several callers interleave here, as they would on a network.
      await new Promise((resolve) => {
        setTimeout(resolve, 0);
      });
      if (bucket.failure === 0) throw new TypeError(`fetch failed: ${url.href}`);
      if (bucket.failure !== undefined) return failed(bucket.failure, "InternalError");
      if (key === "") return new Response(list(url.searchParams));
      if (method === "PUT") {
        const create = new Headers(init.headers).get("if-none-match") === "*";
        if (create && bucket.objects.has(key)) return failed(412, "PreconditionFailed");
        if (typeof init.body !== "string") return failed(501, "NotImplemented");
        bucket.objects.set(key, { text: init.body, modifiedAt: now() });
        return new Response("");
      }
      if (method === "DELETE") {
        bucket.objects.delete(key);
        return new Response(null, { status: 204 });
      }
      const found = bucket.objects.get(key);
      if (found === undefined) return failed(404, "NoSuchKey");
      return new Response(found.bytes ?? found.text);
    },
  };

  function list(query: URLSearchParams): string {
    const prefix = query.get("prefix") ?? "";
    // The ampersand: a token is opaque, and its reader must survive what XML and URLs do to it.
    const after = query.get("continuation-token")?.split("&+ ")[1] ?? "";
    const keys = [...bucket.objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > after)
      .toSorted();
    const page = keys.slice(0, Math.min(pageKeys, Number(query.get("max-keys"))));
    const contents = page.map((key) => {
      const { modifiedAt = 0, text = "", bytes } = bucket.objects.get(key) ?? {};
      const modified = new Date(modifiedAt).toISOString();
      const size = bytes?.length ?? text.length;
      const etag = `&quot;${bytes === undefined ? text.length : bytes.join("")}&quot;`;
      return `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><ETag>${etag}</ETag><Size>${size}</Size></Contents>`;
    });
    const more =
      page.length < keys.length
        ? `<IsTruncated>true</IsTruncated><NextContinuationToken>x&amp;+ ${page.at(-1)}</NextContinuationToken>`
        : "<IsTruncated>false</IsTruncated>";
    return `<?xml version="1.0"?><ListBucketResult xmlns="x">${more}${contents.join("")}</ListBucketResult>`;
  }

  return bucket;
}

function failed(status: number, code: string): Response {
  return new Response(`<Error><Code>${code}</Code></Error>`, { status });
}
