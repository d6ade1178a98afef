/** Counts in this process's memory: each instance for itself. */
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { LimitName, Limits } from "./limits.ts";
import { allowances } from "./limits.ts";

export function createMemoryLimits(): Limits {
  const limiters = new Map(
    Object.entries(allowances).map(([name, { count, seconds }]) => [
      name as LimitName,
      new RateLimiterMemory({ keyPrefix: name, points: count, duration: seconds }),
    ]),
  );
  return {
    async take(name, key) {
      try {
        await limiters.get(name)?.consume(key);
        return 0;
      } catch (refusal) {
        // What counts does not answer: nobody is locked out for that.
        return refusal instanceof RateLimiterRes ? Math.max(1, refusal.msBeforeNext) : 0;
      }
    },
  };
}
