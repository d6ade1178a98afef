/**
 * Memory of this process: the heap of JavaScript and the memories of WebAssembly, which no counter of Node shows. Import
 * it before anything that brings wasm: it notes every instance's memory as it is made.
 */
import type { ClientMemory } from "./peers/system.ts";

const memories = new Set<WebAssembly.Memory>();

const PlainInstance = WebAssembly.Instance;
WebAssembly.Instance = new Proxy(PlainInstance, {
  construct(target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports?]) {
    const instance = new target(module, imports);
    for (const exported of Object.values(instance.exports))
      if (exported instanceof WebAssembly.Memory) memories.add(exported);
    return instance;
  },
});

/** Collects garbage first, where Node was started so that it can. */
export async function memoryUse(): Promise<ClientMemory> {
  // Twice, with a turn between: what is freed by finalizers of wasm objects goes only then.
  for (let round = 0; round < 2; round++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  let wasmBytes = 0;
  for (const { buffer } of memories) wasmBytes += buffer.byteLength;
  return { heapBytes: process.memoryUsage().heapUsed, wasmBytes };
}
