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

export function createDeviceClock(
  scheduler: Scheduler,
  offsetMs: number,
  drift: number,
): DeviceClock {
  const start = scheduler.now;
  let [offset, rate] = [offsetMs, drift];
  const forwardAt: number[] = [];
  const now = (): number => Math.floor(scheduler.now + offset + (scheduler.now - start) * rate);
  const set = (change: () => void): void => {
    const before = now();
    change();
    if (now() > before) forwardAt.push(scheduler.now);
  };
  return {
    now,
    forwardAt,
    jump(byMs) {
      set(() => (offset += byMs));
    },
    mend() {
      set(() => ([offset, rate] = [0, 0]));
    },
  };
}
