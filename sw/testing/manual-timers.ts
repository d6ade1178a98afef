/** Time that stands still until a test moves it. */
import type { Clock, Timers } from "../engine/world.ts";

export interface ManualTimers extends Timers, Clock {
  /** Runs what is due within so many milliseconds, in order; what it leads to is waited for in between. */
  advance(durationMs: number): Promise<void>;
}

export function createManualTimers(): ManualTimers {
  let now = 0;
  let waiting: { readonly at: number; readonly action: () => void }[] = [];

  return {
    now: () => now,
    after(delayMs, action) {
      const timer = { at: now + delayMs, action };
      waiting.push(timer);
      return () => {
        waiting = waiting.filter((other) => other !== timer);
      };
    },
    async advance(durationMs) {
      const end = now + durationMs;
      await settle();
      for (;;) {
        const [next] = waiting.toSorted((a, b) => a.at - b.at);
        if (next === undefined || next.at > end) break;
        now = Math.max(now, next.at);
        waiting = waiting.filter((timer) => timer !== next);
        next.action();
        await settle();
      }
      now = end;
    },
  };
}

/** What a timer leads to, as far as it needs no other one. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  // Hashing by Node takes a turn of its event loop.
  await new Promise((resolve) => void setImmediate(resolve));
}
