/** A device's clock: wrong by some amount, running a little fast or slow, and set anew now and then. */
import type { Clock } from "../engine/world.ts";
import type { Scheduler } from "./scheduler.ts";

export interface DeviceClock extends Clock {
  /** When it was put forward. */
  readonly forwardAt: readonly number[];
  /** Sets it forwards, or back. */
  jump(byMs: number): void;
  /** From now on it is right. */
  mend(): void;
}

/**
 * The scheduler's time stands still while an event runs, and a device's goes on: who looks twice may see two times. An
 * event takes a millisecond at most.
 */
const readingMs = 0.25;
const eventMsMax = 1;

export function createDeviceClock(
  scheduler: Scheduler,
  offsetMs: number,
  drift: number,
): DeviceClock {
  const start = scheduler.now;
  let [offset, rate] = [offsetMs, drift];
  let [eventAt, readings] = [start, 0];
  const forwardAt: number[] = [];
  const at = (passedMs: number): number =>
    Math.floor(scheduler.now + passedMs + offset + (scheduler.now - start) * rate);
  const set = (change: () => void): void => {
    const before = at(0);
    change();
    if (at(0) > before) forwardAt.push(scheduler.now);
  };
  return {
    now() {
      if (scheduler.now !== eventAt) [eventAt, readings] = [scheduler.now, 0];
      return at(Math.min(readings++ * readingMs, eventMsMax));
    },
    forwardAt,
    jump(byMs) {
      set(() => (offset += byMs));
    },
    mend() {
      set(() => ([offset, rate] = [0, 0]));
    },
  };
}
