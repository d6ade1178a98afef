/**
 * The durable dirty set: the documents that may hold something the bucket does not. A document's id is on disk
 * here before its change enters the Repo's storage (the two are different databases, so no transaction spans
 * both), and leaves only in the transaction that records the store's acknowledgement.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { Batch } from "./world.ts";

const prefix = "dirty/";

/**
 * `left/<document>`: a mark made by an incarnation that was superseded in the moment it stored a change. The later one
 * may be cleaning its own mark for the same document, without having seen that change: so this one is read when the
 * next one starts.
 */
const leftPrefix = "left/";

export function leftKey(id: string): string {
  return leftPrefix + id;
}

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
  /**
   * Resolves once the mark is durable. With `heldUntil` nothing in the document need be published before that time,
   * whatever it was marked for before; 0 says that something is due now.
   */
  mark(id: DocumentId, heldUntil?: number): Promise<void>;
  /** Marks all of these in the same transaction as `batch`; they need not be published before `heldUntil`. */
  markAll(
    ids: readonly DocumentId[],
    batch: Omit<Batch, "guard">,
    heldUntil?: number,
  ): Promise<void>;
  /** It turns out that this may wait until then, unless it was marked again since `version`. */
  hold(id: DocumentId, version: number | undefined, heldUntil: number): void;
  /** The marked documents that may be published now, one by one: with every mark somebody asks whether there is one. */
  due(now: number): Iterable<DocumentId>;
  /** When the next of the others may be; null where there are none. */
  nextAt(now: number): number | null;
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

/** A clock that is set back must not hold a document for longer than anybody asked. */
export const holdMsMax: number = 10 * 60 * 1000;

interface Mark {
  version: number;
  /** Rejects where the disk refuses; the mark is not in memory then either, so that the next one writes itself. */
  durable: Promise<void>;
  /** Not durable: whoever starts anew has waited long enough. */
  heldUntil: number;
  /** By `markAll`: for a reason that is not to be seen in the document. */
  isHeldAnyway: boolean;
}

export async function openDirtySet(disk: ReplicaDisk, changed: () => void): Promise<DirtySet> {
  const marks = new Map<DocumentId, Mark>();
  let version = 0;
  const left = await disk.keys(leftPrefix);
  if (left.length > 0) {
    const ids = left.map((key) => key.slice(leftPrefix.length));
    await disk.commit({
      put: Object.fromEntries(ids.map((id) => [dirtyKey(id), true])),
      remove: left,
    });
  }
  for (const key of await disk.keys(prefix))
    marks.set(key.slice(prefix.length) as DocumentId, {
      version,
      durable: Promise.resolve(),
      heldUntil: 0,
      isHeldAnyway: false,
    });

  const remember = (id: DocumentId, mark: Mark): void => {
    marks.set(id, mark);
    mark.durable.catch(() => {
      if (marks.get(id) !== mark) return;
      marks.delete(id);
      changed();
    });
  };

  return {
    get size() {
      return marks.size;
    },
    ids: () => [...marks.keys()],
    has: (id) => marks.has(id),
    version: (id) => marks.get(id)?.version,
    async mark(id, heldUntil = 0) {
      const known = marks.get(id);
      if (known !== undefined) {
        const before = known.heldUntil;
        known.version = ++version;
        known.heldUntil = known.isHeldAnyway ? Math.min(before, heldUntil) : heldUntil;
        known.isHeldAnyway &&= heldUntil > 0;
        if (known.heldUntil < before) changed();
        return known.durable;
      }
      const durable = disk.commit({ put: { [dirtyKey(id)]: true } });
      remember(id, { version: ++version, durable, heldUntil, isHeldAnyway: false });
      changed();
      return durable;
    },
    async markAll(ids, batch, heldUntil = 0) {
      const put = Object.fromEntries(ids.map((id) => [dirtyKey(id), true]));
      const durable = disk.commit({ ...batch, put: { ...batch.put, ...put } });
      // In memory at once: a clean that begins now must not remove what is being written.
      for (const id of ids) {
        const known = marks.get(id);
        remember(id, {
          version: ++version,
          // Whichever of the two the disk takes: the one that is met may be refused yet.
          durable: known?.durable.catch(() => durable) ?? durable,
          heldUntil: Math.min(known?.heldUntil ?? heldUntil, heldUntil),
          isHeldAnyway: heldUntil > 0,
        });
      }
      try {
        await durable;
      } finally {
        changed();
      }
    },
    hold(id, before, heldUntil) {
      const mark = marks.get(id);
      if (mark === undefined || mark.version !== before) return;
      mark.heldUntil = heldUntil;
      changed();
    },
    *due(now) {
      for (const [id, { heldUntil }] of marks) if (isDue(heldUntil, now)) yield id;
    },
    nextAt(now) {
      let nextAt: number | null = null;
      for (const { heldUntil } of marks.values())
        if (!isDue(heldUntil, now)) nextAt = Math.min(nextAt ?? heldUntil, heldUntil);
      return nextAt;
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
        for (const [id, mark] of cleaned) if (!marks.has(id)) remember(id, mark);
        throw error;
      } finally {
        changed();
      }
    },
  };
}

function isDue(heldUntil: number, now: number): boolean {
  return heldUntil <= now || heldUntil > now + holdMsMax;
}
