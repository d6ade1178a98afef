/** What `import … from "presync/worker"` gives: presync inside an app's own service worker. */
import type { PrecacheEntry } from "workbox-precaching";
import { startPresync as start } from "./worker.ts";

declare const self: ServiceWorkerGlobalScope;
/** Set by the build: a name for it, and the file name of the wasm that belongs to it. */
declare const __BUILD__: string;
declare const __WASM__: string;

export interface WorkerOptions {
  /**
   * Where `automerge.wasm` is: a URL, or a path relative to the worker's script. Default: beside that script. It must
   * be the file that came with this package.
   */
  readonly wasm?: string | URL | undefined;
  /** Files to have offline from the first visit on, as `presync-manifest.js` lists them. */
  readonly precache?: readonly PrecacheEntry[] | undefined;
}

/**
 * Call it while the worker's script is first run, after the app's own listeners were added: of several `fetch`
 * listeners the first one that calls `respondWith` answers, and presync answers every GET to the worker's origin.
 */
export function startPresync({ wasm, precache = [] }: WorkerOptions = {}): void {
  const url = new URL(wasm ?? __WASM__, self.location.href);
  // The worker keeps it under its URL, which must name its content: another version has another query.
  url.search = new URL(__WASM__, url).search;
  start(self, { wasm: url.href, build: __BUILD__, precache });
}
