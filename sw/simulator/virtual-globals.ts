/**
 * The globals that automerge-repo, Automerge's wasm and their helpers use, made virtual while a run goes on: time is
 * the scheduler's, randomness the seed's. Everything is put back afterwards, whatever happened.
 */
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Intervals would keep a run going for ever; nothing here has one. */
const intervalsAreRefused = "no interval may be set in a simulation";

export async function withVirtualGlobals<T>(
  scheduler: Scheduler,
  random: SeededRandom,
  action: () => Promise<T>,
): Promise<T> {
  const RealDate = Date;
  class VirtualDate extends RealDate {
    constructor(...args: [] | [number | string]) {
      if (args.length === 0) super(scheduler.now);
      else super(args[0]);
    }
    static override now(): number {
      return Math.floor(scheduler.now);
    }
  }
  const cancels = new Map<number, () => void>();
  let timers = 0;
  const replaced: [object: object, name: string, value: unknown][] = [
    [globalThis, "Date", VirtualDate],
    [performance, "now", () => scheduler.now],
    [
      globalThis,
      "setTimeout",
      (callback: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): number => {
        const timer = ++timers;
        const cancel = scheduler.after(delayMs, () => {
          cancels.delete(timer);
          callback(...args);
        });
        cancels.set(timer, cancel);
        return timer;
      },
    ],
    [
      globalThis,
      "clearTimeout",
      (timer: number): void => {
        cancels.get(timer)?.();
        cancels.delete(timer);
      },
    ],
    [
      globalThis,
      "setInterval",
      () => {
        throw new Error(intervalsAreRefused);
      },
    ],
    [globalThis, "clearInterval", () => undefined],
    [Math, "random", () => random.uniform()],
    [
      crypto,
      "getRandomValues",
      (into: Uint8Array): Uint8Array => {
        into.set(random.bytes(into.length));
        return into;
      },
    ],
    [crypto, "randomUUID", () => Buffer.from(random.bytes(16)).toString("hex")],
  ];
  const before = replaced.map(([object, name]) => Object.getOwnPropertyDescriptor(object, name));
  for (const [object, name, value] of replaced)
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  try {
    return await action();
  } finally {
    for (const [index, [object, name]] of replaced.entries()) {
      const descriptor = before[index];
      // What the prototype had is there again once our own property is gone.
      if (descriptor === undefined) Reflect.deleteProperty(object, name);
      else Object.defineProperty(object, name, descriptor);
    }
  }
}
