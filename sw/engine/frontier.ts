/**
 * The frontier: for each document what is known to be in the bucket, as the heads of each replica's newest
 * publication. Only our own acknowledged manifest and objects read from the bucket move it: what a tab or
 * another network brought may exist on this device alone.
 *
 * It is a cache of what the bucket holds, and can be revoked. A revoked document has no entries, and gets none from
 * publications that build on others (those may have been lost as well): it is published whole, unless somebody
 * else's complete publication comes first.
 *
 * Entries are read when a document is looked at, so that memory grows with what is open, not with what exists.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ReplicaDisk } from "./replica-disk.ts";

/** `frontier/<document>/<replica>`. */
export const frontierPrefix = "frontier/";

/** `revoked/<document>`. */
export const revokedPrefix = "revoked/";

export type Heads = readonly string[];

export interface FrontierMove {
  readonly id: DocumentId;
  readonly replica: ReplicaId;
  readonly heads: Heads;
  /** The publication holds the document's whole history, whatever became of other publications. */
  readonly complete: boolean;
}

export interface FrontierBatch {
  readonly put: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
}

export interface Frontier {
  /** Every head known to be in the bucket; a document may lack some of them until the inbox is applied. */
  known(id: DocumentId): Promise<Heads>;
  /** The same, if it is in memory; else undefined. */
  remembered(id: DocumentId): Heads | undefined;
  /** The heads of what this replica has published of a document. */
  publishedHeads(id: DocumentId, replica: ReplicaId): Promise<Heads>;
  /** The replicas that have published something of it. */
  publishers(id: DocumentId): Promise<ReplicaId[]>;
  /** The documents of which this replica has published something. */
  publishedBy(replica: ReplicaId): Promise<DocumentId[]>;
  /** Between what is to be written and its `apply` or `revoke` nobody else may come: both happen in here. */
  exclusive<T>(action: () => Promise<T>): Promise<T>;
  /** What to write, in the transaction that makes the moves true. */
  toWrite(moves: readonly FrontierMove[]): FrontierBatch;
  /** Call it when that transaction has committed. */
  apply(moves: readonly FrontierMove[]): void;
  /** Whether this document was revoked, and nothing complete has been published of it since. */
  isRevoked(id: DocumentId): boolean;
  /** What to write, in the transaction that marks these documents dirty. */
  toRevoke(ids: readonly DocumentId[]): Promise<FrontierBatch>;
  /** Call it when that transaction has committed. */
  revoke(ids: readonly DocumentId[]): void;
  /** Takes a document that nobody has open out of memory. */
  forget(id: DocumentId): void;
}

type Entry = Map<ReplicaId, Heads>;

export async function openFrontier(disk: ReplicaDisk): Promise<Frontier> {
  const revoked = new Set<DocumentId>();
  for (const key of await disk.keys(revokedPrefix)) revoked.add(documentOf(key));
  const entries = new Map<DocumentId, Entry>();
  const reading = new Map<DocumentId, Promise<Entry>>();
  /** Documents whose entries moved while they were being read: they are read again. */
  const moved = new Set<DocumentId>();

  let queue: Promise<unknown> = Promise.resolve();

  const readFresh = async (id: DocumentId): Promise<Entry> => {
    for (;;) {
      moved.delete(id);
      const list = await disk.list(`${frontierPrefix}${id}/`);
      if (moved.has(id)) continue;
      const entry = new Map(list.map(([key, heads]) => [replicaOf(key), heads as Heads]));
      entries.set(id, entry);
      return entry;
    }
  };

  const read = (id: DocumentId): Promise<Entry> => {
    const run = reading.get(id) ?? readFresh(id).finally(() => reading.delete(id));
    reading.set(id, run);
    return run;
  };

  const accepted = (moves: readonly FrontierMove[]): readonly FrontierMove[] =>
    moves.filter(({ id, complete }) => complete || !revoked.has(id));

  const entryOf = async (id: DocumentId): Promise<Entry> => entries.get(id) ?? (await read(id));

  const headsOf = (entry: Entry): Heads => [...new Set([...entry.values()].flat())];

  return {
    async known(id) {
      return headsOf(await entryOf(id));
    },
    remembered(id) {
      const entry = entries.get(id);
      return entry && headsOf(entry);
    },
    publishedHeads: async (id, replica) => (await entryOf(id)).get(replica) ?? [],
    publishers: async (id) => [...(await entryOf(id)).keys()],
    async publishedBy(replica) {
      const keys = await disk.keys(frontierPrefix);
      return keys.filter((key) => replicaOf(key) === replica).map(documentOf);
    },
    exclusive(action) {
      const run = queue.then(action, action);
      queue = run.catch(() => undefined);
      return run;
    },
    toWrite: (moves) => ({
      put: Object.fromEntries(
        accepted(moves).map(({ id, replica, heads }) => [
          `${frontierPrefix}${id}/${replica}`,
          heads,
        ]),
      ),
      remove: moves
        .filter(({ id, complete }) => complete && revoked.has(id))
        .map(({ id }) => revokedPrefix + id),
    }),
    apply(moves) {
      for (const { id, replica, heads } of accepted(moves)) {
        if (reading.has(id)) moved.add(id);
        entries.get(id)?.set(replica, heads);
      }
      for (const { id, complete } of moves) if (complete) revoked.delete(id);
    },
    isRevoked: (id) => revoked.has(id),
    async toRevoke(ids) {
      const keys = await Promise.all(ids.map((id) => disk.keys(`${frontierPrefix}${id}/`)));
      const flags = ids.map((id) => [revokedPrefix + id, true]);
      return { put: Object.fromEntries(flags), remove: keys.flat() };
    },
    revoke(ids) {
      for (const id of ids) {
        revoked.add(id);
        if (reading.has(id)) moved.add(id);
        entries.get(id)?.clear();
      }
    },
    forget(id) {
      entries.delete(id);
    },
  };
}

function documentOf(key: string): DocumentId {
  return key.split("/")[1] as DocumentId;
}

function replicaOf(key: string): ReplicaId {
  return key.split("/")[2] as ReplicaId;
}
