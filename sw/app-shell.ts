/**
 * The app shell: the app's own files, so that it opens without a network. Two ways, and an app may use either:
 *
 * - a `presync-manifest.js` beside the worker lists files with their revisions, which are precached at install;
 * - the page reports what it has loaded, and that is cached at run time.
 *
 * While there is a network an app behaves as if it had no worker: every request goes there first, and the cache
 * answers only when the network does not. So nothing is ever stale online, and nothing missing offline.
 * Only GET requests to the worker's own origin are looked at; the store and the service are never touched.
 */
import type { PrecacheEntry } from "workbox-precaching";
import { PrecacheController } from "workbox-precaching";
import { cacheNamesOf } from "./cache-names.ts";
import { pause } from "./pause.ts";

/** A page that has not begun to arrive by then comes from the cache: a bad network is worse than none. */
const networkMsMax = 4_000;

/** More than any app shell; what a page can make the worker keep must be bounded. */
const keptMax = 500;

export interface AppShell {
  handleFetch(event: FetchEvent): void;
  /** Keeps files that a page has loaded. */
  keep(urls: readonly string[]): Promise<void>;
  /** One of presync's own files, from the cache first: its URL names its content. */
  ownFile(url: string): Promise<Response>;
  /** What is kept may be damaged: it is fetched anew. */
  renew(url: string): Promise<void>;
}

/** Must be called while the worker's script is first run: precaching installs listeners. */
export function createAppShell(
  worker: ServiceWorkerGlobalScope,
  precached: readonly PrecacheEntry[],
  ownFiles: readonly string[],
): AppShell {
  const { scope } = worker.registration;
  const own = new Set(ownFiles);
  const names = cacheNamesOf(scope);
  const openCache = (): Promise<Cache> => caches.open(names.shell);
  const files = new PrecacheController({ cacheName: names.files });
  if (precached.length > 0) files.precache([...precached]);

  const fromPrecache = (address: string): Promise<Response | undefined> =>
    files.matchPrecache(precachedPath(address));

  const cached = async (request: Request): Promise<Response | undefined> => {
    const isPage = request.mode === "navigate";
    const cache = await openCache();
    const found =
      (await cache.match(request, { ignoreSearch: isPage })) ?? (await fromPrecache(request.url));
    if (found !== undefined || !isPage) return found;
    // Any address of a single-page app is served by its start page.
    return (await cache.match(scope, { ignoreSearch: true })) ?? (await fromPrecache(scope));
  };

  const keepNewest = async (request: Request, response: Response): Promise<void> => {
    const cache = await openCache();
    if ((await cache.match(request)) !== undefined) await cache.put(request, response);
  };

  const respond = async (event: FetchEvent): Promise<Response> => {
    const { request } = event;
    const live = fetch(request);
    try {
      // Only the wait for an answer is limited, and only where the cache has another one.
      const kept = await Promise.race([
        live.then(() => undefined),
        pause(networkMsMax).then(() => cached(request)),
      ]);
      if (kept !== undefined) {
        live.catch(() => undefined);
        return kept;
      }
      const response = await live;
      if (response.ok) event.waitUntil(keepNewest(request, response.clone()));
      if (response.status < 500) return response;
      // A broken server is no reason to lose a page that is here.
      return (await cached(request)) ?? response;
    } catch {
      // What a page gets from a failed request anyway, without an uncaught error in the worker.
      return (await cached(request)) ?? Response.error();
    }
  };

  const ownFile = async (url: string): Promise<Response> => {
    const cache = await openCache();
    const found = await cache.match(url);
    if (found !== undefined) return found;
    const response = await fetch(url);
    // On a full disk it works all the same, as long as there is a network.
    if (response.ok) await cache.put(url, response.clone()).catch(() => undefined);
    return response;
  };

  const isOwn = (url: string): boolean => new URL(url).origin === worker.location.origin;

  return {
    handleFetch(event) {
      const { request } = event;
      if (request.method !== "GET" || !isOwn(request.url)) return;
      // A stream must not be cut off, and a part of a file must not be kept as the whole.
      const { headers } = request;
      if (headers.has("range") || headers.get("accept") === "text/event-stream") return;
      event.respondWith(own.has(request.url) ? ownFile(request.url) : respond(event));
    },
    async keep(urls) {
      const cache = await openCache();
      const missing: string[] = [];
      for (const url of new Set(urls))
        if (isOwn(url) && (await cache.match(url)) === undefined) missing.push(url);
      const wanted = missing.slice(0, keptMax);
      await Promise.allSettled(wanted.map((url) => cache.add(url)));
      // The oldest make room: files of builds that are long gone. What is in use is not among them for long.
      const keys = (await cache.keys()).filter(({ url }) => url !== scope && !own.has(url));
      const surplus = keys.slice(0, Math.max(0, keys.length - keptMax));
      await Promise.all(surplus.map((request) => cache.delete(request)));
    },
    ownFile,
    async renew(url) {
      const response = await fetch(url, { cache: "reload" });
      if (response.ok) await (await openCache()).put(url, response);
    },
  };
}

/** Precached files are known by their path: a page may add a query, and a folder means its index. */
function precachedPath(address: string): string {
  const url = new URL(address);
  url.search = "";
  url.hash = "";
  if (url.pathname.endsWith("/")) url.pathname += "index.html";
  return url.href;
}
