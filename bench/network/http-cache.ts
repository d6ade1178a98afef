/**
 * Node's `fetch` has no HTTP cache. This gives it what a browser does for `cache: "no-cache"`: it asks with the ETag it
 * has, and takes its own copy where the store answers 304.
 */
interface Kept {
  readonly etag: string;
  readonly body: ArrayBuffer;
}

export function installHttpCache(): void {
  const plainFetch = globalThis.fetch;
  const kept = new Map<string, Kept>();
  globalThis.fetch = async (input, init) => {
    const revalidates = init?.cache === "no-cache" && typeof input === "string";
    const known = revalidates ? kept.get(input) : undefined;
    const headers = new Headers(init?.headers);
    if (known !== undefined) headers.set("if-none-match", known.etag);
    const response = await plainFetch(input, { ...init, headers });
    if (response.status === 304 && known !== undefined)
      return new Response(known.body, { headers: { etag: known.etag } });
    const etag = response.headers.get("etag");
    if (!revalidates || response.status !== 200 || etag === null) return response;
    const body = await response.arrayBuffer();
    kept.set(input, { etag, body });
    return new Response(body, { headers: response.headers });
  };
}
