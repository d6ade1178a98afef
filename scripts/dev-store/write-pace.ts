/**
 * The limit R2 and GCS put on writes to one key: one per second, 429 beyond. With the option a program can be
 * developed against it on a laptop. Only admitted PUTs count; a refused one does not push the next one back.
 */
import { S3Error } from "./errors.ts";

export interface WritePace {
  /** Throws SlowDown if the last admitted write to this key is too recent. */
  admit(id: string, nowMs: number): void;
}

/** Beyond this many remembered keys, those whose interval is over are forgotten. */
const REMEMBERED_KEYS_MAX = 10_000;

export function createWritePace(intervalMs: number): WritePace {
  const lastWriteMs = new Map<string, number>();
  return {
    admit(id, nowMs) {
      if (intervalMs <= 0) return;
      const waitMs = (lastWriteMs.get(id) ?? Number.NEGATIVE_INFINITY) + intervalMs - nowMs;
      if (waitMs > 0) {
        // Retry-After counts in whole seconds.
        const retryAfter = String(Math.max(1, Math.ceil(waitMs / 1000)));
        throw new S3Error("SlowDown", "Too many writes to one key.", { "Retry-After": retryAfter });
      }
      if (lastWriteMs.size >= REMEMBERED_KEYS_MAX) {
        for (const [each, atMs] of lastWriteMs)
          if (atMs + intervalMs <= nowMs) lastWriteMs.delete(each);
      }
      lastWriteMs.set(id, nowMs);
    },
  };
}
