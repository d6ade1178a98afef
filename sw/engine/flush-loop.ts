/**
 * When to publish: at once after a lone edit, then no more often than a store allows per key, and after a failure
 * with growing pauses. One attempt runs at a time.
 *
 *     idle --(something is outstanding)--> due --> flushing --ok--> idle
 *       ^                                   ^         '--failed--> due, after a pause
 *       '---- paused (no bucket, no valid grant) ----'
 */
import type { ErrorCode } from "../../shared/errors.ts";
import { toErrorData } from "../../shared/errors.ts";
import { createBackoff, delayMsMax } from "./backoff.ts";
import type { Tuning } from "./tuning.ts";
import type { Bucket, World } from "./world.ts";

/** A lone edit leaves at once; so much is waited for the rest of what one action changes. */
const coalesceMs = 25;

export interface FlushLoop {
  readonly isFlushing: boolean;
  /** Why the newest attempt failed; null after a success. */
  readonly lastFailure: ErrorCode | null;
  use(bucket: Bucket | null): void;
  /** Makes no attempt until the next `use`. */
  pause(): void;
  /** Something may have become outstanding. */
  schedule(): void;
  /** Ends a pause after a failure: the reason for it may be gone. */
  hasten(): void;
  /** Never rejects. True when nothing is left to do. */
  flush(): Promise<boolean>;
  /** Resolves when the attempt that is under way has ended. */
  close(): Promise<void>;
}

export interface FlushLoopParts {
  readonly world: World;
  readonly tuning: Tuning;
  readonly isOutstanding: (now: number) => boolean;
  /** When something that is held back at this time will be outstanding; null where nothing is. */
  readonly nextAt: (now: number) => number | null;
  /** When a pack was published last, which is a write as well. */
  readonly packedAt: () => number;
  /** True when more is waiting. */
  readonly publish: (bucket: Bucket) => Promise<boolean>;
  readonly succeeded: () => void;
  readonly failed: (error: unknown) => void;
  readonly changed: () => void;
}

export function createFlushLoop(parts: FlushLoopParts): FlushLoop {
  const { clock, timers, random } = parts.world;
  const backoff = createBackoff();
  let bucket: Bucket | null = null;
  let isPaused = false;
  let isClosed = false;
  let flushing: Promise<boolean> | null = null;
  let lastFailure: ErrorCode | null = null;
  let lastWriteAt = Number.NEGATIVE_INFINITY;
  let retryAt = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  const endPause = (): void => {
    backoff.reset();
    retryAt = Number.NEGATIVE_INFINITY;
  };

  const schedule = (): void => {
    cancelTimer?.();
    if (isClosed || isPaused || bucket === null || flushing !== null) return;
    // One time for both: what is held until between two times would be neither due nor waited for.
    const now = clock.now();
    if (!parts.isOutstanding(now)) {
      const nextAt = parts.nextAt(now);
      if (nextAt !== null)
        cancelTimer = timers.after(Math.min(Math.max(1, nextAt - now), delayMsMax), schedule);
      return;
    }
    const { writeIntervalMs } = parts.tuning;
    const at = Math.max(
      now + coalesceMs,
      Math.min(Math.max(lastWriteAt, parts.packedAt()), now) + writeIntervalMs,
      retryAt,
    );
    // A clock that was set back must not put it off for longer than a failure does.
    cancelTimer = timers.after(Math.min(at - now, delayMsMax), () => void flush());
  };

  const attempt = async (to: Bucket): Promise<boolean> => {
    lastWriteAt = clock.now();
    try {
      const more = await parts.publish(to);
      lastFailure = null;
      endPause();
      parts.succeeded();
      return !more && !parts.isOutstanding(clock.now());
    } catch (error) {
      const { code } = toErrorData(error);
      // Refused under a grant that another one has taken the place of meanwhile.
      if (code === "expired" && to !== bucket) return false;
      lastFailure = code;
      retryAt = clock.now() + backoff.next(random.uniform());
      if (!isClosed) parts.failed(error);
      return false;
    }
  };

  const flush = (): Promise<boolean> => {
    if (flushing !== null) return flushing;
    if (isClosed || isPaused || bucket === null)
      return Promise.resolve(!parts.isOutstanding(clock.now()));
    cancelTimer?.();
    flushing = attempt(bucket).finally(() => {
      flushing = null;
      schedule();
      parts.changed();
    });
    parts.changed();
    return flushing;
  };

  return {
    get isFlushing() {
      return flushing !== null;
    },
    get lastFailure() {
      return lastFailure;
    },
    use(next) {
      bucket = next;
      isPaused = false;
      lastFailure = null;
      endPause();
      schedule();
    },
    pause() {
      isPaused = true;
      cancelTimer?.();
    },
    schedule,
    hasten() {
      endPause();
      schedule();
    },
    flush,
    async close() {
      isClosed = true;
      cancelTimer?.();
      await flushing;
    },
  };
}
