/**
 * What is still alive of what a page or a worker once had: its message ports, after garbage was collected. A port holds
 * its listeners, and these everything that belongs to one connection. Needs `--js-flags=--expose-gc`.
 */
import type { Page, Worker } from "@playwright/test";

declare global {
  /** Every port this page or worker ever had. */
  var everyPort: WeakRef<MessagePort>[];
}

export interface Alive {
  readonly ports: number;
  readonly bytes: number | null;
}

/** For a page's init script, or before a worker's own. */
export function keepPorts(): void {
  globalThis.everyPort = [];
  const Original = globalThis.MessageChannel;
  globalThis.MessageChannel = class extends Original {
    constructor() {
      super();
      everyPort.push(new WeakRef(this.port1));
    }
  };
  globalThis.addEventListener("message", (event) => {
    for (const port of event.ports) everyPort.push(new WeakRef(port));
  });
}

export function alive(where: Page | Worker): Promise<Alive> {
  return (where as Page).evaluate(async () => {
    // A port that was closed is let go in a task of its own, and so is what waited for it.
    for (let round = 0; round < 5; round++) {
      globalThis.gc!();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { memory } = performance as { memory?: { usedJSHeapSize: number } };
    const ports = everyPort.filter((port) => port.deref() !== undefined).length;
    return { ports, bytes: memory?.usedJSHeapSize ?? null };
  });
}
