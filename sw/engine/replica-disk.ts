/**
 * A replica's view of its disk: every write carries the number of this incarnation, and is refused with
 * `superseded` once a later incarnation has started. Two of them may overlap while a worker is updated.
 */
import { PresyncError } from "../../shared/errors.ts";
import type { Batch, Disk } from "./world.ts";

const incarnationKey = "incarnation";

/** Two incarnations that start at the same moment race for the number; more than a few do not. */
const attemptsMax = 20;

export interface ReplicaDisk {
  readonly incarnation: number;
  read(key: string): Promise<unknown>;
  list(prefix: string): Promise<[key: string, value: unknown][]>;
  keys(prefix: string): Promise<string[]>;
  commit(batch: Omit<Batch, "guard">): Promise<void>;
  /** For what is right whoever says it. */
  commitUnguarded(batch: Omit<Batch, "guard">): Promise<void>;
  isCurrent(): Promise<boolean>;
}

export async function openReplicaDisk(disk: Disk): Promise<ReplicaDisk> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const previous = await disk.read(incarnationKey);
    const incarnation = (typeof previous === "number" ? previous : 0) + 1;
    try {
      await disk.commit({
        put: { [incarnationKey]: incarnation },
        guard: { key: incarnationKey, value: previous },
      });
    } catch (error) {
      if (error instanceof PresyncError && error.code === "superseded") continue;
      throw error;
    }
    return {
      incarnation,
      read: (key) => disk.read(key),
      list: (prefix) => disk.list(prefix),
      keys: (prefix) => disk.keys(prefix),
      commit: (batch) =>
        disk.commit({ ...batch, guard: { key: incarnationKey, value: incarnation } }),
      commitUnguarded: (batch) => disk.commit(batch),
      isCurrent: async () => (await disk.read(incarnationKey)) === incarnation,
    };
  }
  throw new PresyncError("superseded", "other incarnations of this replica keep starting");
}
