/**
 * A clock that stands still while anything is being computed, and leaps to the next timer when nothing is. Hours of
 * polling and typing so take seconds, and what is counted does not depend on the machine.
 *
 * It is right only where everything but timers ends within one turn of the event loop: a bucket, a disk and
 * compression in memory.
 */
import type { Clock, Timers } from "../sw/engine/world.ts";

/** Any date; the same in every run, because its bytes are in the objects. */
const startMs = Date.UTC(2026, 0, 1);

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

export interface VirtualTime {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets what is under way end, and no time pass. */
  settle(): Promise<void>;
  /** Lets so much time pass. */
  pass(durationMs: number): Promise<void>;
  /** Lets time pass until `check` holds; throws when that takes longer than `limitMs`. */
  until(check: () => boolean, what: string, limitMs?: number): Promise<void>;
}

const limitMsDefault = 2 * 60 * 60 * 1000;

export function createVirtualTime(): VirtualTime {
  let now = startMs;
  let orders = 0;
  const pending = new Set<Timer>();

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of pending)
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order)
      )
        first = timer;
    return first;
  };

  /** Runs the next timer, if it is due by `end`; false if none is. */
  const step = async (end: number): Promise<boolean> => {
    const timer = next();
    if (timer === undefined || timer.at > end) return false;
    pending.delete(timer);
    now = Math.max(now, timer.at);
    timer.action();
    await settle();
    return true;
  };

  return {
    clock: { now: () => now },
    timers: {
      after(delayMs, action) {
        // Whole milliseconds, as of any real clock.
        const timer = { at: now + Math.ceil(Math.max(0, delayMs)), order: orders++, action };
        pending.add(timer);
        return () => void pending.delete(timer);
      },
    },
    settle,
    async pass(durationMs) {
      const end = now + Math.round(durationMs);
      await settle();
      while (await step(end));
      now = end;
    },
    async until(check, what, limitMs = limitMsDefault) {
      const end = now + limitMs;
      await settle();
      while (!check()) if (!(await step(end))) throw new Error(`never happened: ${what}`);
    },
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
