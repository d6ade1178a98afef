/** What `import … from "presync/worker"` gives: presync inside an app's own service worker. */
import type { WorkerOptions } from "./worker.ts";
import { startPresync as start } from "./worker.ts";

declare const self: ServiceWorkerGlobalScope;
/** Set by the build: a name for it, and the file name of the wasm that belongs to it. */
declare const __BUILD__: string;
declare const __WASM__: string;

export type { WorkerOptions } from "./worker.ts";

/** Call it while the worker's script is first run, beside the app's own listeners. */
export function startPresync(
  options: Partial<Pick<WorkerOptions, "wasm" | "precache">> = {},
): void {
  start(self, { wasm: __WASM__, build: __BUILD__, precache: [], ...options });
}
