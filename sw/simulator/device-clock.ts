/** A device's clock: wrong by some amount, running a little fast or slow, and set anew now and then. */
import type { Clock } from "../engine/world.ts";
import type { Scheduler } from "./scheduler.ts";

export interface DeviceClock extends Clock {
  /** Sets it forwards, or back. */
  jump(byMs: number): void;
  /** From now on it is right. */
  mend(): void;
}

export function createDeviceClock(
  scheduler: Scheduler,
  offsetMs: number,
  drift: number,
): DeviceClock {
  const start = scheduler.now;
  let [offset, rate] = [offsetMs, drift];
  return {
    now: () => Math.floor(scheduler.now + offset + (scheduler.now - start) * rate),
    jump(byMs) {
      offset += byMs;
    },
    mend() {
      [offset, rate] = [0, 0];
    },
  };
}
