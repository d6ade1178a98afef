/**
 * The one place from which a replica's objects are written. One bucket write is outstanding at a time. Its bytes are
 * journalled before the PUT and repeated until they are answered, before anything new is computed; so a worker
 * killed at any moment goes on where it was, and the bucket never sees two versions of one generation.
 *
 *     journal and issued generation -> disk | PUT, repeated | acknowledgement and its consequences -> disk
 *
 * Every method runs under the replica's lock, which its caller holds.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { sealEnvelope } from "../../shared/codecs/envelope.ts";
import type { Manifest, SlotRange } from "../../shared/codecs/manifest.ts";
import { decodeManifest, encodeManifest } from "../../shared/codecs/manifest.ts";
import type { Pack } from "../../shared/codecs/pack.ts";
import { encodeSegment } from "../../shared/codecs/segment.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { LogicalTime } from "../../shared/hlc.ts";
import { merge, tick } from "../../shared/hlc.ts";
import { manifestName, segmentName } from "../../shared/keys.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Frontier, FrontierMove } from "./frontier.ts";
import { continueLine } from "./line.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { JournalEntry, StoredState } from "./replica-state.ts";
import { journalKey, readReplicaState, stateKey } from "./replica-state.ts";
import type { Slot } from "./slots.ts";
import { openQuarantine, quarantineMs, slotKey } from "./slots.ts";
import type { Bucket, World } from "./world.ts";

export type Marks = ReadonlyMap<DocumentId, number>;

/** What a manifest says, but for what the writer knows itself. */
export type ManifestContent = Pick<
  Manifest,
  "slots" | "tail" | "fledFrom" | "adopted" | "wants" | "unreadable" | "dataVersion"
>;

/** What the acknowledgement of a manifest makes known. */
export interface Consequences {
  readonly moves: readonly FrontierMove[];
  /** No longer dirty, unless they were marked again since `marks` was taken. */
  readonly settled: readonly DocumentId[];
  readonly marks: Marks;
  readonly outcome: Partial<StoredState>;
}

export interface ReplicaWriter {
  readonly stored: StoredState;
  /** The acknowledged one. */
  readonly manifest: Manifest | null;
  readonly journal: JournalEntry | null;
  /** What manifests have cost since this incarnation began. */
  readonly manifests: { readonly count: number; readonly bytes: number };
  /** Repeats the write that is under way, if there is one, until it is acknowledged or fails. */
  finish(bucket: Bucket): Promise<void>;
  /** `outcome`, given what was written, is what the state becomes with the acknowledgement. */
  writeSegment(
    bucket: Bucket,
    slot: Slot,
    pack: Pack,
    outcome?: (range: SlotRange) => Partial<StoredState>,
  ): Promise<SlotRange>;
  writeManifest(
    bucket: Bucket,
    content: ManifestContent,
    consequences: Consequences,
  ): Promise<void>;
  /** Another replica wrote at this time: what is written from now on is later. */
  hear(time: LogicalTime): void;
  /** Changes what is remembered. */
  remember(change: Partial<StoredState>): Promise<void>;
  /** Lets the acknowledgement of what is under way say nothing about these documents. */
  withdrawMoves(ids: readonly DocumentId[]): Promise<void>;
  /** Throws `superseded` when a later incarnation has started: it may have gone on from our journal. */
  checkCurrent(): Promise<void>;
}

export interface ReplicaWriterParts {
  readonly world: World;
  readonly disk: ReplicaDisk;
  readonly dirty: DirtySet;
  readonly frontier: Frontier;
  readonly nonce: Uint8Array;
  /** The store has taken this manifest; that is not on disk yet. */
  readonly taken: (generation: number, time: LogicalTime) => void;
  /** After every acknowledged manifest, with the documents whose frontier moved. */
  readonly acknowledged: (ids: readonly DocumentId[]) => void;
}

const noMarks: Marks = new Map();

export async function createReplicaWriter(parts: ReplicaWriterParts): Promise<ReplicaWriter> {
  const { world, disk, dirty, frontier } = parts;
  const { clock, tools } = world;
  const manifests = { count: 0, bytes: 0 };
  let { stored, manifest, journal } = await readReplicaState(disk);
  // Whoever wrote it was killed before it was answered.
  if (journal !== null) journal = { ...journal, doubtful: true };

  const commitJournal = async (entry: JournalEntry): Promise<void> => {
    await disk.commit({ put: { [journalKey]: entry } });
    journal = entry;
  };

  const begin = async (entry: JournalEntry, change: Partial<StoredState> = {}): Promise<void> => {
    const issued: StoredState = {
      ...stored,
      ...change,
      issued: Math.max(stored.issued, entry.generation),
      quarantine: openQuarantine(stored.quarantine, clock.now()),
    };
    await disk.commit({ put: { [journalKey]: entry, [stateKey]: issued } });
    [journal, stored] = [entry, issued];
  };

  const checkCurrent = async (): Promise<void> => {
    if (!(await disk.isCurrent()))
      throw new PresyncError("superseded", "a later incarnation has taken over");
  };

  const finish = async (
    bucket: Bucket,
    settled: readonly DocumentId[] = [],
    marks: Marks = noMarks,
  ): Promise<void> => {
    if (journal === null) return;
    await checkCurrent();
    try {
      await bucket.put(journal.name, journal.bytes);
    } catch (error) {
      // Even an answer may come from something in front of the store: the PUT may still land. (Not on disk: whatever is
      // journalled there when the next incarnation starts is in doubt anyway.)
      journal = { ...journal, doubtful: true };
      throw error;
    }
    const entry = journal;
    const written = entry.manifest === null ? null : decodeManifest(entry.manifest);
    if (written !== null) parts.taken(entry.generation, written.time);
    await frontier.exclusive(() => acknowledge(entry, written, settled, marks));
    if (written === null) return;
    manifests.count++;
    manifests.bytes += entry.bytes.length;
    parts.acknowledged(entry.moves.map(({ id }) => id));
  };

  const acknowledge = async (
    entry: JournalEntry,
    written: Manifest | null,
    settled: readonly DocumentId[],
    marks: Marks,
  ): Promise<void> => {
    const next: StoredState = { ...stored, ...changeBy(entry), ...entry.outcome };
    const { put, remove } = frontier.toWrite(entry.moves);
    const cleaned = [...settled, ...entry.moves.map(({ id }) => id)];
    await dirty.clean(cleaned, marks, {
      put: { ...put, [stateKey]: next },
      remove: [...remove, journalKey],
    });
    [stored, journal] = [next, null];
    frontier.apply(entry.moves);
    if (written !== null) manifest = written;
  };

  const changeBy = (entry: JournalEntry): Partial<StoredState> => {
    const { generation: acknowledged, doubtful, name } = entry;
    if (entry.manifest !== null)
      return {
        acknowledged,
        manifest: entry.manifest,
        lastSavedAt: clock.now(),
        overwritten: [],
      };
    const slot = name.slice("seg/".length);
    const overwritten = [...stored.overwritten, slot];
    if (!doubtful) return { overwritten };
    // A repetition of it may still land: until then another segment must not be there.
    const until = clock.now() + quarantineMs;
    const quarantine = openQuarantine(stored.quarantine, clock.now());
    return { overwritten, quarantine: { ...quarantine, [slot]: until } };
  };

  return {
    get stored() {
      return stored;
    },
    get manifest() {
      return manifest;
    },
    get journal() {
      return journal;
    },
    manifests,
    finish,
    async writeSegment(bucket, slot, pack, outcome = () => ({})) {
      const generation = stored.issued + 1;
      const body = encodeSegment({ replica: bucket.replica, pack });
      const bytes = await sealEnvelope({ kind: "segment", generation, body }, tools);
      const { first, last } = pack;
      const range: SlotRange = { ...slot, first, last, generation, bytes: bytes.length };
      const name = segmentName(slot.level, slot.slot);
      await begin({
        name,
        generation,
        bytes,
        manifest: null,
        moves: [],
        outcome: outcome(range),
        doubtful: false,
      });
      await finish(bucket);
      return range;
    },
    async writeManifest(bucket, content, { moves, settled, marks, outcome }) {
      const generation = stored.issued + 1;
      const time = tick(stored.time, clock.now());
      const { incarnation } = disk;
      const { replica } = bucket;
      const { nonce } = parts;
      const line = continueLine(stored.line, manifest, stored.acknowledged + 1, nonce);
      const own = { replica, incarnation, nonce, time, line };
      const body = encodeManifest({ ...own, ...content });
      const bytes = await sealEnvelope({ kind: "manifest", generation, body }, tools);
      stored = { ...stored, time };
      const entry: JournalEntry = {
        name: manifestName,
        generation,
        bytes,
        manifest: body,
        moves,
        outcome,
        doubtful: false,
      };
      await begin(entry, { line });
      await finish(bucket, settled, marks);
    },
    hear(time) {
      stored = { ...stored, time: merge(stored.time, time, clock.now()) };
    },
    async remember(change) {
      const next = { ...stored, ...change };
      await disk.commit({ put: { [stateKey]: next } });
      stored = next;
    },
    async withdrawMoves(ids) {
      if (journal === null) return;
      const withdrawn = new Set(ids);
      const moves = journal.moves.filter(({ id }) => !withdrawn.has(id));
      if (moves.length < journal.moves.length) await commitJournal({ ...journal, moves });
    },
    checkCurrent,
  };
}

/** The slots a new manifest names: the old ones, but for those whose slot was written again. */
export function withSlots(
  slots: readonly SlotRange[],
  written: readonly SlotRange[],
): readonly SlotRange[] {
  const places = new Set(written.map((range) => slotKey(range)));
  return [...slots.filter((range) => !places.has(slotKey(range))), ...written];
}
