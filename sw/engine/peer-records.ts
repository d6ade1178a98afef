/** What is remembered of each other replica: how far it was read, and since when it has been missing. */
import type { ReplicaAt } from "../../shared/codecs/manifest.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Cursor } from "./reader.ts";
import { readUpTo, startCursor } from "./reader.ts";
import type { ReplicaDisk } from "./replica-disk.ts";

export const cursorPrefix = "cursor/";

export interface PeerRecord {
  readonly cursor: Cursor;
  /** When it was first found missing, or older than it was, since it was last found; milliseconds since 1970. */
  readonly missingSince: number | null;
  /** Whose publications it has taken over. */
  readonly adopted: readonly ReplicaAt[];
  /** The ids it gave up because somebody else wrote under them. */
  readonly fledFrom: readonly ReplicaId[];
  /** The generation of one of its segments that could not be read when it was read last. */
  readonly unreadable: number | null;
  /** The segments of others that it could not read. */
  readonly complaints: readonly ReplicaAt[];
  /** A segment of it that somebody could not read: since when that is known, in milliseconds since 1970. */
  readonly suspect: Suspect | null;
}

export interface Suspect {
  readonly generation: number;
  readonly since: number;
  /** What it had published is being published again. */
  readonly isReplaced: boolean;
}

const unknownPeer: PeerRecord = {
  cursor: startCursor,
  missingSince: null,
  adopted: [],
  fledFrom: [],
  unreadable: null,
  complaints: [],
  suspect: null,
};

export interface PeerRecords {
  get(replica: ReplicaId): PeerRecord;
  /** Replicas with segments that cannot be read. */
  unreadable(): ReplicaAt[];
  /** All that is known of other replicas. */
  all(): [ReplicaId, PeerRecord][];
  /** Whether somebody has taken over everything this replica had published when it was read last. */
  isAdopted(replica: ReplicaId): boolean;
  /** What to write, in the transaction that makes it true. */
  toPut(replica: ReplicaId, record: PeerRecord): Record<string, unknown>;
  /** Call it when that transaction has committed. */
  set(replica: ReplicaId, record: PeerRecord): void;
  save(replica: ReplicaId, record: PeerRecord): Promise<void>;
}

/** An earlier build may have known less. */
function withDefaults(record: PeerRecord): PeerRecord {
  return { ...unknownPeer, ...record, cursor: { ...startCursor, ...record.cursor } };
}

export async function openPeerRecords(disk: ReplicaDisk): Promise<PeerRecords> {
  const records = new Map<ReplicaId, PeerRecord>();
  for (const [key, value] of await disk.list(cursorPrefix))
    records.set(key.slice(cursorPrefix.length) as ReplicaId, withDefaults(value as PeerRecord));
  const get = (replica: ReplicaId): PeerRecord => records.get(replica) ?? unknownPeer;
  const toPut = (replica: ReplicaId, record: PeerRecord): Record<string, unknown> => ({
    [cursorPrefix + replica]: record,
  });

  return {
    get,
    all: () => [...records],
    unreadable: () =>
      [...records].flatMap(([replica, { unreadable }]) =>
        unreadable === null ? [] : [{ replica, generation: unreadable }],
      ),
    isAdopted: (replica) => {
      const generation = readUpTo(get(replica).cursor);
      return [...records.values()].some(({ adopted }) =>
        adopted.some((other) => other.replica === replica && other.generation >= generation),
      );
    },
    toPut,
    set: (replica, record) => void records.set(replica, record),
    async save(replica, record) {
      await disk.commit({ put: toPut(replica, record) });
      records.set(replica, record);
    },
  };
}
