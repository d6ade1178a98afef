/**
 * What was hinted lately, for streams that were cut. Of each replica only the newest hint is kept: who was away for
 * several of its publications needs to look once.
 */
import type { Namespace } from "../../shared/keys.ts";
import type { HintMessage } from "./bus.ts";

/** Some megabytes. */
const entriesMaxDefault = 10_000;

/** The clocks of two instances differ, and what one has heard is on its way to the other: what is doubled costs nothing. */
export const overlapMs = 5_000;

export interface Positioned {
  readonly position: number;
  readonly hint: HintMessage;
}

export interface Backlog {
  /** The newest position there is; times, but never one twice. */
  readonly position: number;
  /** Keeps a hint and says its position. */
  add(hint: HintMessage): number;
  /** What came after a position, oldest first; null where nobody knows all of that any more. */
  since(namespace: Namespace, position: number): Positioned[] | null;
  /** Something may have been missed: nothing before now is known to be complete. */
  forget(): void;
}

export function createBacklog(now: () => number, entriesMax: number = entriesMaxDefault): Backlog {
  const entries = new Map<string, Positioned>();
  let last = now();
  /** From here on everything is known. */
  let completeFrom = last;

  const newest = (): number => {
    last = Math.max(last, now());
    return last;
  };

  return {
    get position() {
      return newest();
    },
    add(hint) {
      last = Math.max(last + 1, now());
      const key = `${hint.namespace}/${hint.replica}`;
      // Deleted first, so that the oldest stands in front.
      entries.delete(key);
      entries.set(key, { position: last, hint });
      if (entries.size > entriesMax) {
        const [[oldest, { position }]] = entries as unknown as [[string, Positioned]];
        entries.delete(oldest);
        completeFrom = Math.max(completeFrom, position);
      }
      return last;
    },
    since(namespace, position) {
      const from = position - overlapMs;
      // One that has not come yet is of a clock that was set back.
      if (from < completeFrom || from > newest()) return null;
      return [...entries.values()].filter(
        (entry) => entry.position > from && entry.hint.namespace === namespace,
      );
    },
    forget() {
      entries.clear();
      completeFrom = Math.max(last, now());
    },
  };
}
