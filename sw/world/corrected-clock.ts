/**
 * The device's clock, corrected by the time that store and service say it is in their answers: people's clocks are wrong
 * by hours, or are set while a worker runs. For what the service's clock has limited, and for nothing else.
 */
import { driftMsMax } from "../../shared/hlc.ts";
import type { Clock } from "../engine/world.ts";

/** Answers say whole seconds, and take a while: less than this is no news. */
const newsMsMin = 60_000;

export interface CorrectedClock extends Clock {
  /** How far the device's clock is ahead; less than 0 where it is behind, and 0 where it is right within five minutes. */
  readonly aheadMs: number;
  /**
   * A server said that it was `serverMs`, NaN if it did not, in an answer to what was asked at `askedAt` of this clock. It
   * tells nothing where the answer has lain about while the device slept.
   */
  heard(serverMs: number, askedAt: number): void;
}

export function correctedClock(device: Clock, changed: () => void): CorrectedClock {
  let aheadMs = 0;
  return {
    now: () => device.now() - aheadMs,
    get aheadMs() {
      return aheadMs;
    },
    heard(serverMs, askedAt) {
      const now = device.now();
      const found = now - serverMs;
      const next = Math.abs(found) <= driftMsMax ? 0 : found;
      const isSlow = Math.abs(now - aheadMs - askedAt) > newsMsMin;
      if (isSlow || !(Math.abs(next - aheadMs) > newsMsMin)) return;
      aheadMs = next;
      changed();
    },
  };
}
