/**
 * The drop-in service worker: `navigator.serviceWorker.register("/presync-sw.js")`, or
 * `importScripts("/presync-sw.js")` in one's own.
 */
import type { PrecacheEntry } from "workbox-precaching";
import { startPresync } from "./worker.ts";

declare const self: ServiceWorkerGlobalScope & { __PRESYNC_MANIFEST?: PrecacheEntry[] };
/** Set by the build: a name for it, and the file name of the wasm that belongs to it. */
declare const __BUILD__: string;
declare const __WASM__: string;

try {
  // Only some apps have one. Without it the page's own report decides what is there offline.
  self.importScripts("presync-manifest.js");
} catch {
  // Nothing to precache.
}

startPresync(self, {
  wasm: __WASM__,
  build: __BUILD__,
  precache: self.__PRESYNC_MANIFEST ?? [],
});
