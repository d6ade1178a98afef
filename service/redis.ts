/** What instances share through a Redis: limits, what may happen once, and hints. */
import { Redis } from "ioredis";
import { PresyncError } from "../shared/errors.ts";
import type { Claims } from "./claims.ts";
import type { HintBus } from "./hints/bus.ts";
import { createRedisBus } from "./hints/redis-bus.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { createRedisLimits } from "./rate-limits.ts";

const prefix = "presync:claim:";

/** Somebody waits in front of a screen. */
const answerMsMax = 2_000;

export interface SharedState {
  readonly limits: Limits;
  readonly claims: Claims;
  readonly bus: HintBus;
  close(): void;
}

/** Connects in the background, and again whenever the connection is lost. */
export function connectRedis(url: string, log: Log): SharedState {
  const redis = new Redis(url, {
    commandTimeout: answerMsMax,
    connectTimeout: answerMsMax,
    // A connection on which nothing arrives any more is opened anew, instead of kept for a quarter of an hour.
    socketTimeout: answerMsMax,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  redis.on("error", (error: Error) => {
    const { code } = error as { readonly code?: unknown };
    log({ level: "error", event: "redis-failed", code: typeof code === "string" ? code : "" });
  });

  const bus = createRedisBus(redis, log);

  return {
    bus,
    limits: createRedisLimits(redis),
    claims: {
      claim: async (name, seconds) =>
        (await ask(() => redis.set(prefix + name, "1", "EX", seconds, "NX"))) === "OK",
      has: async (name) => (await ask(() => redis.exists(prefix + name))) === 1,
    },
    close() {
      bus.close();
      redis.disconnect();
    },
  };
}

async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch {
    throw new PresyncError("retry", "Redis does not answer; try again");
  }
}
