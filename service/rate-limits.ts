/** Counts what is limited, in this process's memory or in a Redis that all instances share. */
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { LimitName, Limits } from "./limits.ts";
import { allowances } from "./limits.ts";

/** Each instance counts for itself. */
export function createMemoryLimits(): Limits {
  return createLimits((options) => new RateLimiterMemory(options));
}

/** All instances count together; each for itself while Redis does not answer. */
export function createRedisLimits(redis: Redis): Limits {
  return createLimits(
    (options) =>
      new RateLimiterRedis({
        ...options,
        keyPrefix: `presync:limit:${options.keyPrefix}`,
        storeClient: redis,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory(options),
      }),
  );
}

interface LimiterOptions {
  readonly keyPrefix: string;
  readonly points: number;
  readonly duration: number;
}

interface Limiter {
  consume(key: string): Promise<unknown>;
  reward(key: string): Promise<unknown>;
}

function createLimits(create: (options: LimiterOptions) => Limiter): Limits {
  const limiters = new Map(
    Object.entries(allowances).map(([name, { count, seconds }]) => [
      name as LimitName,
      create({ keyPrefix: name, points: count, duration: seconds }),
    ]),
  );
  return {
    async take(name, key) {
      try {
        await limiters.get(name)?.consume(key);
        return 0;
      } catch (refusal) {
        // What counts is out of order: nobody is locked out for that.
        return refusal instanceof RateLimiterRes ? Math.max(1, refusal.msBeforeNext) : 0;
      }
    },
    async giveBack(name, key) {
      await limiters
        .get(name)
        ?.reward(key)
        .catch(() => undefined);
    },
  };
}
