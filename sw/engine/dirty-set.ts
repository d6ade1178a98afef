/**
 * The durable dirty set: the documents that may hold something the bucket does not. A document's id is on disk
 * here before its change enters the Repo's storage (the two are different databases, so no transaction spans
 * both), and leaves only in the transaction that records the store's acknowledgement.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { Batch } from "./world.ts";

const prefix = "dirty/";

/** Where a document's mark is on disk, for who marks documents while no engine runs. */
export function dirtyKey(id: string): string {
  return prefix + id;
}

export interface DirtySet {
  readonly size: number;
  ids(): DocumentId[];
  has(id: DocumentId): boolean;
  /** Changes with every mark. */
  version(id: DocumentId): number | undefined;
  /** Resolves once the mark is durable. */
  mark(id: DocumentId): Promise<void>;
  /** The marks as they stand: what is computed now may clean these, and none that came later. */
  snapshot(): ReadonlyMap<DocumentId, number>;
  /**
   * Cleans, in the same transaction as `batch`, those of `ids` that were not marked again since `snapshot`.
   */
  clean(
    ids: readonly DocumentId[],
    snapshot: ReadonlyMap<DocumentId, number>,
    batch?: Omit<Batch, "guard">,
  ): Promise<void>;
}

interface Mark {
  version: number;
  durable: Promise<void>;
}

export async function openDirtySet(disk: ReplicaDisk, changed: () => void): Promise<DirtySet> {
  const marks = new Map<DocumentId, Mark>();
  let version = 0;
  for (const [key] of await disk.list(prefix))
    marks.set(key.slice(prefix.length) as DocumentId, {
      version,
      durable: Promise.resolve(),
    });

  return {
    get size() {
      return marks.size;
    },
    ids: () => [...marks.keys()],
    has: (id) => marks.has(id),
    version: (id) => marks.get(id)?.version,
    async mark(id) {
      const known = marks.get(id);
      if (known !== undefined) {
        known.version = ++version;
        return known.durable;
      }
      const durable = disk.commit({ put: { [dirtyKey(id)]: true } });
      const mark = { version: ++version, durable };
      marks.set(id, mark);
      changed();
      try {
        await durable;
      } catch (error) {
        if (marks.get(id) === mark) marks.delete(id);
        throw error;
      }
    },
    snapshot: () => new Map([...marks].map(([id, mark]) => [id, mark.version])),
    async clean(ids, snapshot, batch = {}) {
      const cleaned = new Map<DocumentId, Mark>();
      for (const id of ids) {
        const mark = marks.get(id);
        if (mark !== undefined && mark.version === snapshot.get(id)) cleaned.set(id, mark);
      }
      // Out of memory first: a mark that comes while the transaction runs then writes itself anew, behind it.
      for (const id of cleaned.keys()) marks.delete(id);
      try {
        const remove = [...cleaned.keys()].map((id) => dirtyKey(id));
        await disk.commit({ ...batch, remove: [...(batch.remove ?? []), ...remove] });
      } catch (error) {
        for (const [id, mark] of cleaned) if (!marks.has(id)) marks.set(id, mark);
        throw error;
      } finally {
        changed();
      }
    },
  };
}
