/** The bus of one instance alone, or of several in one process. */
import type { BusListener, HintBus } from "./bus.ts";

export function createMemoryBus(): HintBus {
  const listeners = new Set<BusListener>();
  return {
    async publish(message) {
      for (const listener of listeners) listener(message);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
