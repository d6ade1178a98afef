/**
 * What a replica remembers of its own objects in the bucket: the newest manifest that was acknowledged, and the
 * one write that may be under way. Both change in single transactions, so a kill at any moment leaves either
 * the state before or the state after.
 */
import type { Manifest, ReplicaAt, SlotRange, Stretch } from "../../shared/codecs/manifest.ts";
import { decodeManifest } from "../../shared/codecs/manifest.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { LogicalTime } from "../../shared/hlc.ts";
import { startTime } from "../../shared/hlc.ts";
import type { FrontierMove } from "./frontier.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { Quarantine } from "./slots.ts";

export const stateKey = "state";
export const journalKey = "journal";

/** As it is on disk. */
export interface StoredState {
  /** The highest generation ever issued: it never falls, whatever became of its PUT. */
  readonly issued: number;
  /** The generation of the acknowledged manifest; 0 before the first. */
  readonly acknowledged: number;
  /** The acknowledged manifest's body, encoded. */
  readonly manifest: Uint8Array | null;
  readonly quarantine: Quarantine;
  readonly lastSavedAt: number | null;
  /** The newest logical time this replica has given. */
  readonly time: LogicalTime;
  /** A merged segment that is in the bucket, and that no manifest names yet. */
  readonly merged: SlotRange | null;
  /** Slots written since the acknowledged manifest, which still lists what was in them. */
  readonly overwritten: readonly string[];
  /** Generations of segments that are gone or damaged: named until what was in them is published anew. */
  readonly lost: readonly number[];
  /** The own prefix was found older than it should be: its segments are to be looked at. */
  readonly auditDue: boolean;
  /** Retired replicas that were taken over. */
  readonly adopted: readonly ReplicaAt[];
  /** The one that is being taken over, and up to which of its publications that was done. */
  readonly adopting: { readonly replica: ReplicaId; readonly publication: number } | null;
  /** Which incarnations have written manifests, the newest last: as the next one will say. */
  readonly line: readonly Stretch[];
}

/** A write whose bytes are fixed: it is repeated until it is answered, before anything else is written. */
export interface JournalEntry {
  readonly name: string;
  readonly generation: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For a manifest: its body, and what its acknowledgement makes known. */
  readonly manifest: Uint8Array | null;
  readonly moves: readonly FrontierMove[];
  /** What the state becomes with its acknowledgement. */
  readonly outcome: Partial<StoredState>;
  /** An attempt ended without an answer, so a copy of it may still land later. */
  readonly doubtful: boolean;
}

const initialState: StoredState = {
  issued: 0,
  acknowledged: 0,
  manifest: null,
  quarantine: {},
  lastSavedAt: null,
  time: startTime,
  merged: null,
  overwritten: [],
  lost: [],
  auditDue: false,
  adopted: [],
  adopting: null,
  line: [],
};

export interface ReplicaState {
  readonly stored: StoredState;
  readonly manifest: Manifest | null;
  readonly journal: JournalEntry | null;
}

export async function readReplicaState(disk: ReplicaDisk): Promise<ReplicaState> {
  const stored = (await disk.read(stateKey)) as StoredState | undefined;
  const journal = ((await disk.read(journalKey)) as JournalEntry | undefined) ?? null;
  return {
    stored: { ...initialState, ...stored },
    manifest: stored?.manifest ? decodeManifest(stored.manifest) : null,
    journal,
  };
}
