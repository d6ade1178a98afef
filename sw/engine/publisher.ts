/**
 * The writer of a replica: turns dirty documents into publications, and publications into objects.
 *
 * One bucket write is outstanding at a time. Its bytes are journalled before the PUT and repeated until they are
 * answered, before anything new is computed; so a worker killed at any moment goes on where it was, and the
 * bucket never sees two versions of one generation. An edit is acknowledged only by a 2xx for a manifest.
 *
 *     dirty documents -> news -> fits the tail ------------------> PUT manifest -> acknowledged
 *                              -> too large   -> PUT seg/0/<slot> -> PUT manifest -> acknowledged
 *     then, when a level is full: GET its segments -> PUT one segment -> named by the next manifest
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { ByteWriter } from "../../shared/codecs/bytes.ts";
import { objectBytesMax, openEnvelope, sealEnvelope } from "../../shared/codecs/envelope.ts";
import type { LogicalTime, SlotRange } from "../../shared/codecs/manifest.ts";
import { decodeManifest, encodeManifest } from "../../shared/codecs/manifest.ts";
import type { Pack, PackedDocument } from "../../shared/codecs/pack.ts";
import { writePack } from "../../shared/codecs/pack.ts";
import { decodeSegment, encodeSegment } from "../../shared/codecs/segment.ts";
import { PresyncError, toErrorData } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey, segmentName } from "../../shared/keys.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents } from "./documents.ts";
import { headsOf, sameHeads } from "./documents.ts";
import type { Frontier, FrontierMove } from "./frontier.ts";
import { joinPacked, packNews } from "./packing.ts";
import type { Problems } from "./problems.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { JournalEntry, StoredState } from "./replica-state.ts";
import { journalKey, readReplicaState, stateKey } from "./replica-state.ts";
import type { Slot } from "./slots.ts";
import { dueMerge, freeSlot, quarantineMs } from "./slots.ts";
import type { Bucket, World } from "./world.ts";

/**
 * The manifest is uploaded with every flush, so its tail costs its size each time; without one, every flush
 * would be two PUTs. A cost model over 10,000 flushes puts the best limit near a kilobyte.
 */
const tailBytesMax = 1024;

/** More news than this goes out in several publications, so that memory stays bounded. */
const publicationBytesMax: number = 4 * 1024 * 1024;

/** Together with what else goes out at once it must fit one object. Larger ones stay on this device. */
const documentBytesMax: number = objectBytesMax / 2;

export interface Publisher {
  /** Whether anything waits to be written. */
  readonly outstanding: boolean;
  /** Whether the bucket lacks something that was computed already. */
  readonly writing: boolean;
  readonly lastSavedAt: number | null;
  /** Generation of the newest acknowledged manifest; 0 before the first. */
  readonly acknowledged: number;
  /** The highest generation ever sent. */
  readonly issued: number;
  /**
   * Publishes what is dirty, as far as it fits one publication. True when more is waiting. Throws what the
   * bucket or the disk throws; whatever was under way goes on at the next call.
   */
  flush(bucket: Bucket): Promise<boolean>;
  /** Makes the next flush write a manifest even without news: it is missing from the bucket, or too old there. */
  republish(): void;
}

export interface PublisherParts {
  readonly world: World;
  readonly disk: ReplicaDisk;
  readonly documents: Documents;
  readonly dirty: DirtySet;
  readonly frontier: Frontier;
  readonly problems: Problems;
  readonly nonce: Uint8Array;
  readonly fledFrom: readonly ReplicaId[];
  readonly lockName: string;
  /** Called after every acknowledged manifest, with the documents whose frontier moved. */
  readonly acknowledged: (ids: readonly DocumentId[]) => void;
}

interface News {
  readonly documents: readonly PackedDocument[];
  readonly moves: readonly FrontierMove[];
  /** Documents that hold nothing the bucket lacks. */
  readonly settled: readonly DocumentId[];
  readonly more: boolean;
}

export async function createPublisher(parts: PublisherParts): Promise<Publisher> {
  const { world, disk, documents, dirty, frontier, problems } = parts;
  const { clock, tools } = world;
  let { stored, manifest, journal } = await readReplicaState(disk);
  let forced = false;
  /** A merged segment that is in the bucket, and that no manifest names yet. */
  let merged: { readonly from: readonly SlotRange[]; readonly range: SlotRange } | null = null;

  const slotsNow = (): readonly SlotRange[] => {
    const slots = manifest?.slots ?? [];
    if (merged === null) return slots;
    const { from, range } = merged;
    return [...slots.filter((slot) => !from.includes(slot)), range];
  };

  /** Journals one write, makes it, and records its acknowledgement. */
  const write = async (
    bucket: Bucket,
    entry: JournalEntry,
    cleaned: readonly DocumentId[],
    snapshot: ReadonlyMap<DocumentId, number>,
  ): Promise<void> => {
    const issued: StoredState = { ...stored, issued: Math.max(stored.issued, entry.generation) };
    await disk.commit({ put: { [journalKey]: entry, [stateKey]: issued } });
    [journal, stored] = [entry, issued];
    await finish(bucket, cleaned, snapshot);
  };

  /** Repeats the journalled write, if there is one, until it is acknowledged or fails. */
  const finish = async (
    bucket: Bucket,
    cleaned: readonly DocumentId[] = [],
    snapshot: ReadonlyMap<DocumentId, number> = new Map(),
  ): Promise<void> => {
    const entry = journal;
    if (entry === null) return;
    try {
      await bucket.put(entry.name, entry.bytes);
    } catch (error) {
      if (toErrorData(error).code === "outcome-unknown" && !entry.doubtful) {
        const doubtful = { ...entry, doubtful: true };
        await disk.commit({ put: { [journalKey]: doubtful } });
        journal = doubtful;
      }
      throw error;
    }
    const next = acknowledge(entry);
    await dirty.clean(cleaned, snapshot, {
      put: { [stateKey]: next, ...frontier.toPut(entry.moves) },
      remove: [journalKey],
    });
    [stored, journal] = [next, null];
    frontier.apply(entry.moves);
    if (entry.manifest === null) return;
    manifest = decodeManifest(entry.manifest);
    merged = null;
    parts.acknowledged(entry.moves.map(({ id }) => id));
  };

  const acknowledge = (entry: JournalEntry): StoredState => {
    if (entry.manifest !== null)
      return {
        ...stored,
        acknowledged: entry.generation,
        manifest: entry.manifest,
        lastSavedAt: clock.now(),
      };
    if (!entry.doubtful) return stored;
    const slot = entry.name.slice("seg/".length);
    const quarantine = { ...stored.quarantine, [slot]: clock.now() + quarantineMs };
    return { ...stored, quarantine };
  };

  const writeSegment = async (bucket: Bucket, slot: Slot, pack: Pack): Promise<SlotRange> => {
    const generation = stored.issued + 1;
    const body = encodeSegment({ replica: bucket.replica, pack });
    const bytes = await sealEnvelope({ kind: "segment", generation, body }, tools);
    const name = segmentName(slot.level, slot.slot);
    const entry = { name, generation, bytes, manifest: null, moves: [], doubtful: false };
    await write(bucket, entry, [], new Map());
    return { ...slot, first: pack.first, last: pack.last };
  };

  const writeManifest = async (
    bucket: Bucket,
    slots: readonly SlotRange[],
    tail: Pack,
    news: News,
    snapshot: ReadonlyMap<DocumentId, number>,
  ): Promise<void> => {
    const generation = stored.issued + 1;
    const body = encodeManifest({
      replica: bucket.replica,
      incarnation: disk.incarnation,
      nonce: parts.nonce,
      time: nextTime(manifest?.time, clock.now()),
      dataVersion: 0,
      slots,
      fledFrom: parts.fledFrom,
      tail,
    });
    const bytes = await sealEnvelope({ kind: "manifest", generation, body }, tools);
    const cleaned = [...news.settled, ...news.moves.map(({ id }) => id)];
    const { moves } = news;
    const entry = { name: manifestName, generation, bytes, manifest: body, moves, doubtful: false };
    await write(bucket, entry, cleaned, snapshot);
  };

  const publish = async (
    bucket: Bucket,
    news: News,
    snapshot: ReadonlyMap<DocumentId, number>,
  ): Promise<void> => {
    const old = manifest?.tail ?? { first: 1, last: 0, documents: [] };
    const last = news.documents.length === 0 ? old.last : old.last + 1;
    const joined = joinPacked(old.documents, news.documents, (id) => documents.loaded(id));
    const pack: Pack = { first: old.first, last, documents: joined };
    const slots = slotsNow();
    const slot = packedBytes(pack) > tailBytesMax ? freeSlotFor(bucket, 0) : undefined;
    // Without a free slot the tail grows past its limit for a while: an edit never waits for a merge.
    if (slot === undefined) return writeManifest(bucket, slots, pack, news, snapshot);
    const range = await writeSegment(bucket, slot, pack);
    const empty: Pack = { first: last + 1, last, documents: [] };
    return writeManifest(bucket, [...slots, range], empty, news, snapshot);
  };

  const collect = async (bucket: Bucket): Promise<News> => {
    const result = {
      documents: [] as PackedDocument[],
      moves: [] as FrontierMove[],
      settled: [] as DocumentId[],
    };
    let bytes = 0;
    for (const id of dirty.ids()) {
      if (bytes > publicationBytesMax) return { ...result, more: true };
      const handle = await documents.open(id);
      if (!handle.isReady()) {
        // Marked, but its change never reached the disk: there is nothing to publish.
        result.settled.push(id);
        continue;
      }
      const heads = await documents.store(handle);
      if (heads === undefined || !sameHeads(heads, headsOf(handle))) continue;
      const packed = packNews(handle, frontier.known(id), heads);
      if (packed === undefined) {
        result.settled.push(id);
        continue;
      }
      const size = packed.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (size > documentBytesMax) {
        problems.report(id, new PresyncError("too-large", "a document too large to publish"));
        continue;
      }
      problems.resolve(id);
      bytes += size;
      result.documents.push(packed);
      result.moves.push({ id, replica: bucket.replica, heads });
    }
    return { ...result, more: false };
  };

  /** What the acknowledged manifest names, and what was merged since, must not be overwritten. */
  const freeSlotFor = (bucket: Bucket, level: number): Slot | undefined => {
    const used = [...(manifest?.slots ?? []), ...(merged === null ? [] : [merged.range])];
    return freeSlot(level, bucket.layout, used, stored.quarantine, clock.now());
  };

  const mergeIfDue = async (bucket: Bucket): Promise<void> => {
    const due = merged === null ? dueMerge(bucket.layout, slotsNow()) : undefined;
    const to = due === undefined ? undefined : freeSlotFor(bucket, due.toLevel);
    if (due === undefined || to === undefined) return;
    const from = due.from.toSorted((a, b) => a.first - b.first);
    const packs: Pack[] = [];
    for (const range of from) packs.push(await readOwnSegment(bucket, range));
    const pack = packs.reduce((older, newer) => ({
      first: Math.min(older.first, newer.first),
      last: Math.max(older.last, newer.last),
      documents: joinPacked(older.documents, newer.documents, (id) => documents.loaded(id)),
    }));
    merged = { from: due.from, range: await writeSegment(bucket, to, pack) };
  };

  const readOwnSegment = async (bucket: Bucket, { level, slot }: SlotRange): Promise<Pack> => {
    const name = segmentName(level, slot);
    const key = objectKey(bucket.namespace, bucket.replica, name);
    const fetched = await bucket.get(bucket.replica, name, { reload: true });
    if (fetched === null || fetched === "unchanged")
      throw new PresyncError("malformed", "an own segment is gone from the bucket", { key });
    const { body } = await openEnvelope(fetched.bytes, "segment", tools);
    return decodeSegment(body).pack;
  };

  return {
    get outstanding() {
      return dirty.size > 0 || journal !== null || forced || merged !== null;
    },
    get writing() {
      return journal !== null || forced;
    },
    get lastSavedAt() {
      return stored.lastSavedAt;
    },
    get acknowledged() {
      return stored.acknowledged;
    },
    get issued() {
      return stored.issued;
    },
    republish() {
      forced = true;
    },
    flush: (bucket) =>
      world.locks.exclusive(parts.lockName, async () => {
        await finish(bucket);
        const snapshot = dirty.snapshot();
        const news = await collect(bucket);
        if (news.documents.length > 0 || forced || merged !== null || manifest === null) {
          await publish(bucket, news, snapshot);
          forced = false;
        } else if (news.settled.length > 0) await dirty.clean(news.settled, snapshot);
        try {
          await mergeIfDue(bucket);
          problems.resolve("merge");
        } catch (error) {
          // A merge only saves space: it is tried again at the next flush, and no edit waits for it.
          if (journal !== null) throw error;
          problems.report("merge", error);
        }
        return news.more;
      }),
  };
}

function packedBytes(pack: Pack): number {
  const out = new ByteWriter();
  writePack(out, pack);
  return out.length;
}

/** A hybrid logical clock's next time: never before the last one, whatever the wall clock does. */
function nextTime(last: LogicalTime | undefined, now: number): LogicalTime {
  if (last === undefined || now > last.wallMs) return { wallMs: now, counter: 0 };
  return { wallMs: last.wallMs, counter: last.counter + 1 };
}
