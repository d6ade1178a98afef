/** A token bucket: so many at once, and so many a second in the long run. */

export interface RateLimit {
  /** Whether one more may pass now, in milliseconds of a clock that is never set back; if so it is counted. */
  take(now: number): boolean;
}

export function createRateLimit(perSecond: number, burstMax: number): RateLimit {
  let tokens = burstMax;
  let filledAt: number | null = null;
  return {
    take(now) {
      tokens = Math.min(burstMax, tokens + ((now - (filledAt ?? now)) * perSecond) / 1000);
      filledAt = now;
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
}
