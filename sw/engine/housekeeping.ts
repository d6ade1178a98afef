/** What is done when nothing else is: merging, adopting, emptying a crowded inbox, saying what is wanted and who is there. */
import type { Adoption } from "./adoption.ts";
import type { Merger } from "./merger.ts";
import type { Tuning } from "./tuning.ts";
import type { Bucket, Timers } from "./world.ts";

/** Rarely enough to cost nothing; a worker that is ended before goes without. */
const roundMs: number = 10 * 60 * 1000;

/** Who has written nothing for so long, and is in view, writes its manifest again: others do not call who is silent. */
export const silentMsMax: number = 6 * 24 * 60 * 60 * 1000;

export interface Housekeeping {
  use(bucket: Bucket | null): void;
  /** Something was written just now. */
  wrote(bucket: Bucket): void;
  close(): void;
}

export interface HousekeepingParts {
  readonly timers: Timers;
  readonly tuning: Tuning;
  readonly merger: Merger;
  readonly adoption: Adoption;
  readonly unload: () => Promise<void>;
  readonly checkComplaints: () => Promise<void>;
  readonly checkWants: () => void;
  readonly checkSilence: () => void;
  readonly failed: (error: unknown) => void;
}

export function createHousekeeping(parts: HousekeepingParts): Housekeeping {
  const { timers, tuning, merger, adoption } = parts;
  let cancelTidy: (() => void) | undefined;
  let cancelRound: (() => void) | undefined;
  let bucket: Bucket | null = null;
  let isClosed = false;

  const awaitQuiet = (of: Bucket): void => {
    cancelTidy?.();
    if (!isClosed) cancelTidy = timers.after(tuning.tidyQuietMs, () => void merger.tidy(of));
  };

  const round = (): void => {
    if (isClosed) return;
    if (bucket !== null) {
      adoption.consider(bucket);
      void merger.resume(bucket);
    }
    parts.checkWants();
    parts.checkSilence();
    parts.unload().catch(parts.failed);
    parts.checkComplaints().catch(parts.failed);
    cancelRound = timers.after(roundMs, round);
  };
  cancelRound = timers.after(roundMs, round);

  return {
    use(next) {
      bucket = next;
      if (next === null) return cancelTidy?.();
      awaitQuiet(next);
      adoption.consider(next);
    },
    wrote(to) {
      void merger.consider(to);
      awaitQuiet(to);
    },
    close() {
      isClosed = true;
      cancelTidy?.();
      cancelRound?.();
      adoption.close();
    },
  };
}
