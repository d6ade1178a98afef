import type { Timers } from "./world.ts";

/** Resolves after so long. */
export function pause(timers: Timers, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(delayMs, resolve);
  });
}
