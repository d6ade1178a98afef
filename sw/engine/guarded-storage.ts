/**
 * The Repo's storage, guarded: a document is marked dirty before any of its changes is stored, and a failing
 * disk is retried until it works instead of being reported to the Repo. (A `save` that rejects leaves
 * automerge-repo 2.5 unable to compact for as long as it lives, and is an unhandled rejection.)
 */
import type {
  Chunk,
  DocumentId,
  StorageAdapterInterface,
  StorageKey,
} from "@automerge/automerge-repo/slim";
import { PresyncError, toErrorData } from "../../shared/errors.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Problems } from "./problems.ts";
import type { Timers } from "./world.ts";

/** Soon enough that a freed disk is noticed, rarely enough that a full one is left in peace. */
const retryDelayMsMin = 250;
const retryDelayMsMax = 15_000;

const subject = "storage/documents";

export interface GuardedStorage extends StorageAdapterInterface {
  /** Writes that the disk has not taken yet. */
  readonly failing: boolean;
  /** Ends all retries. What was waiting is never answered, so nobody takes it for stored. */
  close(): void;
}

export interface StorageGuards {
  readonly timers: Timers;
  readonly problems: Problems;
  readonly changed: () => void;
  /** A later incarnation has taken over. */
  readonly superseded: () => void;
  /** Whether none has. */
  readonly isCurrent: () => Promise<boolean>;
  /** Marks a document dirty for whoever comes next. */
  readonly markAnyway: (id: DocumentId) => Promise<void>;
}

export function guardStorage(
  open: () => StorageAdapterInterface,
  dirty: Pick<DirtySet, "mark">,
  { timers, problems, changed, superseded, isCurrent, markAnyway }: StorageGuards,
): GuardedStorage {
  let inner = open();
  let closed = false;
  let failing = 0;
  const wakeUps = new Set<() => void>();

  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        wakeUps.delete(wake);
        cancel();
        resolve();
      };
      const cancel = timers.after(delayMs, wake);
      wakeUps.add(wake);
    });

  const insist = async <T>(action: () => Promise<T>): Promise<T> => {
    let delayMs = retryDelayMsMin;
    let failed = false;
    try {
      for (;;) {
        if (closed) return await forever<T>();
        try {
          const result = await action();
          // The disk works: whoever else waits need not wait longer.
          for (const wake of wakeUps) wake();
          return result;
        } catch (error) {
          if (toErrorData(error).code === "superseded") {
            superseded();
            return await forever<T>();
          }
          problems.report(subject, asDiskError(error));
          if (!failed) {
            failed = true;
            failing++;
            changed();
          }
          await pause(delayMs);
          delayMs = Math.min(delayMs * 2, retryDelayMsMax);
          // A closed one must not come back: its database may be being erased.
          if (closed) return await forever<T>();
          // Browsers close a database's connection by themselves at times: only a new one helps then.
          inner = open();
        }
      }
    } finally {
      if (failed) {
        failing--;
        if (failing === 0) problems.resolve(subject);
        changed();
      }
    }
  };

  return {
    get failing() {
      return failing > 0;
    },
    load: (key) => insist(() => inner.load(key)),
    loadRange: (prefix): Promise<Chunk[]> => insist(() => inner.loadRange(prefix)),
    save: (key, data) =>
      insist(async () => {
        if (!holdsChanges(key)) return inner.save(key, data);
        const id = key[0] as DocumentId;
        await dirty.mark(id);
        await inner.save(key, data);
        if (await isCurrent()) return;
        // A later incarnation may have cleaned the mark without having seen this change.
        await markAnyway(id);
        throw new PresyncError("superseded", "a later incarnation has taken over");
      }),
    remove: (key) => insist(() => inner.remove(key)),
    removeRange: (prefix) => insist(() => inner.removeRange(prefix)),
    close() {
      closed = true;
      for (const wake of wakeUps) wake();
    },
  };
}

/** What a closed storage, or one a later incarnation took over, has to say. */
function forever<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** Whether a key of the Repo's storage holds a part of a document. */
export function holdsChanges([, kind]: StorageKey): boolean {
  return kind === "incremental" || kind === "snapshot";
}

/** Compares names: in Chromium a QuotaExceededError has no message. */
export function asDiskError(cause: unknown): PresyncError {
  if (cause instanceof PresyncError) return cause;
  const name = (cause as { name?: unknown } | null)?.name;
  return name === "QuotaExceededError"
    ? new PresyncError("disk-full", "the device's disk is full", { cause })
    : new PresyncError("disk-failed", "the device's disk failed", { cause });
}
