/**
 * Complaints: segments that somebody could not read, by what manifests say. Their owner looks, and publishes anew what
 * was in them. An owner who does not, for an hour, may never come back: then whoever has read the replica publishes
 * what it had published.
 *
 *     complained of --1 hour, still complained of--> replaced
 *          |
 *          '-- nobody complains any more --> forgotten
 */
import type { ReplicaAt } from "../../shared/codecs/manifest.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { PeerRecords } from "./peer-records.ts";
import type { Clock } from "./world.ts";

/** A live owner reads the complaint within its longest polling interval. */
const patienceMs: number = 60 * 60 * 1000;

export interface Complaints {
  /** A manifest complains of these. */
  heard(complaints: readonly ReplicaAt[]): Promise<void>;
  /** Looks whether patience is at an end. */
  check(): Promise<void>;
}

export interface ComplaintsParts {
  readonly clock: Clock;
  readonly records: PeerRecords;
  readonly lost: (replica: ReplicaId) => Promise<void>;
}

export function createComplaints({ clock, records, lost }: ComplaintsParts): Complaints {
  const isMade = (replica: ReplicaId, generation: number): boolean =>
    records
      .all()
      .some(([, { complaints }]) =>
        complaints.some((other) => other.replica === replica && other.generation === generation),
      );

  return {
    async heard(complaints) {
      for (const { replica, generation } of complaints) {
        const record = records.get(replica);
        // Who has not read it has nothing of it to publish.
        if (record.cursor.newest === null || record.suspect?.generation === generation) continue;
        const suspect = { generation, since: clock.now(), isReplaced: false };
        await records.save(replica, { ...record, suspect });
      }
    },
    async check() {
      for (const [replica, { suspect }] of records.all()) {
        if (suspect === null || suspect.isReplaced) continue;
        const { generation, since } = suspect;
        // A clock that was set back must not make it wait for longer.
        if (Math.abs(clock.now() - since) < patienceMs) continue;
        const isStillMade = isMade(replica, generation);
        if (isStillMade) await lost(replica);
        const next = isStillMade ? { ...suspect, isReplaced: true } : null;
        await records.save(replica, { ...records.get(replica), suspect: next });
      }
    },
  };
}
