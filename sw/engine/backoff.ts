/** Pauses between attempts that fail: doubling, with jitter, up to a bound; a success begins anew. */

/** The first pause is about what a dropped packet costs. */
const delayMsMin = 1_000;

/** The longest pause while a person may be waiting for the result. */
export const delayMsMax = 60_000;

export interface Backoff {
  readonly failures: number;
  /** How long to wait after one more failure; `uniform` is random in [0, 1). */
  next(uniform: number): number;
  reset(): void;
}

export function createBackoff(longestMs: number = delayMsMax): Backoff {
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    next(uniform) {
      const delayMs = Math.min(delayMsMin * 2 ** failures, longestMs);
      failures++;
      return delayMs * (0.5 + uniform / 2);
    },
    reset() {
      failures = 0;
    },
  };
}
