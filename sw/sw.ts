/**
 * The drop-in service worker: `navigator.serviceWorker.register("/presync-sw.js")`, or
 * `importScripts("/presync-sw.js")` in one's own. What belongs to it lies beside it, wherever the own worker is.
 */
import type { PrecacheEntry } from "workbox-precaching";
import { scriptUrl } from "./script-url.ts";
import { startPresync } from "./worker.ts";

declare const self: ServiceWorkerGlobalScope & { __PRESYNC_MANIFEST?: PrecacheEntry[] };
/** Set by the build: a name for it, and the file name of the wasm that belongs to it. */
declare const __BUILD__: string;
declare const __WASM__: string;

const script = scriptUrl(self.location.href);
const beside = (file: string): string => new URL(file, script).href;

try {
  // Only some apps have one. Without it the page's own report decides what is there offline.
  self.importScripts(beside("presync-manifest.js"));
} catch {
  // Nothing to precache.
}

startPresync(self, {
  wasm: beside(__WASM__),
  build: __BUILD__,
  precache: (self.__PRESYNC_MANIFEST ?? []).map((entry) => ({ ...entry, url: beside(entry.url) })),
});
