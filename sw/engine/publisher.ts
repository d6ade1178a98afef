/**
 * The writer of a replica: turns news into objects.
 *
 * One bucket write is outstanding at a time. Its bytes are journalled before the PUT and repeated until they are
 * answered, before anything new is computed; so a worker killed at any moment goes on where it was, and the
 * bucket never sees two versions of one generation. An edit is acknowledged only by a 2xx for a manifest. And before
 * the first write of an incarnation the own manifest is read: a restored or cloned profile overwrites nothing.
 *
 *     news -> fits the tail ------------------> PUT manifest -> acknowledged
 *          -> too large   -> PUT seg/0/<slot> -> PUT manifest -> acknowledged
 *     then, when a level is full: GET its segments -> PUT one segment -> named by the next manifest
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { ByteWriter } from "../../shared/codecs/bytes.ts";
import { sealEnvelope } from "../../shared/codecs/envelope.ts";
import type { LogicalTime, Manifest, SlotRange } from "../../shared/codecs/manifest.ts";
import { decodeManifest, encodeManifest } from "../../shared/codecs/manifest.ts";
import type { Pack } from "../../shared/codecs/pack.ts";
import { writePack } from "../../shared/codecs/pack.ts";
import { encodeSegment } from "../../shared/codecs/segment.ts";
import { PresyncError, toErrorData } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey, segmentName } from "../../shared/keys.ts";
import type { News } from "./collect.ts";
import { createCollector } from "./collect.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents } from "./documents.ts";
import type { Frontier } from "./frontier.ts";
import { joinPacked } from "./packing.ts";
import type { Problems } from "./problems.ts";
import type { OpenedManifest } from "./reader.ts";
import { openManifest, readSegment } from "./reader.ts";
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

/** `foreign`: neither acknowledged nor in flight here, so somebody else writes under our id. */
export type OwnManifest = "ours" | "stale" | "foreign";

export interface Publisher {
  /** Whether anything waits to be written. */
  readonly outstanding: boolean;
  /** Whether the bucket lacks something that was computed already. */
  readonly writing: boolean;
  readonly lastSavedAt: number | null;
  /** Generation of the newest acknowledged manifest; 0 before the first. */
  readonly acknowledged: number;
  /**
   * Publishes what is dirty, as far as it fits one publication. True when more is waiting. Throws what the
   * bucket or the disk throws, and `conflict` where somebody else writes under our id; whatever was under way
   * goes on at the next call.
   */
  flush(bucket: Bucket): Promise<boolean>;
  /** What the own manifest in the bucket is to us; null stands for none, or a damaged one. */
  judge(found: OpenedManifest | null): OwnManifest;
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
  /** Rejects when the engine is closed: nothing that hangs may keep the lock. */
  readonly closing: Promise<never>;
}

type Marks = ReadonlyMap<DocumentId, number>;

export async function createPublisher(parts: PublisherParts): Promise<Publisher> {
  const { world, disk, documents, dirty, frontier, problems } = parts;
  const { clock, tools } = world;
  const collector = createCollector(parts);
  let { stored, manifest, journal } = await readReplicaState(disk);
  // Whoever wrote it was killed before it was answered.
  if (journal !== null) journal = { ...journal, doubtful: true };
  let isVerified = false;
  let forced = false;
  /** A merged segment that is in the bucket, and that no manifest names yet. */
  let merged: { readonly from: readonly SlotRange[]; readonly range: SlotRange } | null = null;
  /** Generations of segments that are gone or damaged: named until what was in them is published anew. */
  const lost = new Set<number>();

  const slotsNow = (withLost: boolean): readonly SlotRange[] => {
    const slots = (manifest?.slots ?? []).filter(
      ({ generation }) => withLost || !lost.has(generation),
    );
    if (merged === null) return slots;
    const { from, range } = merged;
    return [...slots.filter((slot) => !from.includes(slot)), range];
  };

  /** Journals one write, makes it, and records its acknowledgement. */
  const write = async (
    bucket: Bucket,
    entry: JournalEntry,
    cleaned: readonly DocumentId[],
    marks: Marks,
  ): Promise<void> => {
    const issued: StoredState = { ...stored, issued: Math.max(stored.issued, entry.generation) };
    await disk.commit({ put: { [journalKey]: entry, [stateKey]: issued } });
    [journal, stored] = [entry, issued];
    await finish(bucket, cleaned, marks);
  };

  /** Repeats the journalled write, if there is one, until it is acknowledged or fails. */
  const finish = async (
    bucket: Bucket,
    cleaned: readonly DocumentId[] = [],
    marks: Marks = new Map(),
  ): Promise<void> => {
    const entry = journal;
    if (entry === null) return;
    await checkCurrent();
    try {
      await bucket.put(entry.name, entry.bytes);
    } catch (error) {
      // Even an answer may come from something in front of the store: the PUT may still land.
      if (!entry.doubtful) {
        const doubtful = { ...entry, doubtful: true };
        await disk.commit({ put: { [journalKey]: doubtful } });
        journal = doubtful;
      }
      throw error;
    }
    const next = acknowledge(entry);
    await dirty.clean(cleaned, marks, {
      put: { [stateKey]: next, ...frontier.toPut(entry.moves) },
      remove: [journalKey],
    });
    [stored, journal] = [next, null];
    frontier.apply(entry.moves);
    if (entry.manifest === null) return;
    manifest = decodeManifest(entry.manifest);
    merged = null;
    const ids = entry.moves.map(({ id }) => id);
    collector.acknowledged(ids);
    parts.acknowledged(ids);
  };

  /** A later incarnation may have repeated what is in our journal, and gone on from there. */
  const checkCurrent = async (): Promise<void> => {
    if (!(await disk.isCurrent()))
      throw new PresyncError("superseded", "a later incarnation has taken over");
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
    return { ...slot, first: pack.first, last: pack.last, generation };
  };

  const writeManifest = async (
    bucket: Bucket,
    slots: readonly SlotRange[],
    tail: Pack,
    news: News,
    marks: Marks,
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
    const { moves } = news;
    const cleaned = [...news.settled, ...moves.map(({ id }) => id)];
    const entry = { name: manifestName, generation, bytes, manifest: body, moves, doubtful: false };
    await write(bucket, entry, cleaned, marks);
  };

  const publish = async (bucket: Bucket, news: News, marks: Marks): Promise<void> => {
    const old = manifest?.tail ?? { first: 1, last: 0, documents: [] };
    const last = news.documents.length === 0 ? old.last : old.last + 1;
    const joined = joinPacked(old.documents, news.documents, (id) => documents.loaded(id));
    const pack: Pack = { first: old.first, last, documents: joined };
    const slots = slotsNow(news.more);
    const slot = packedBytes(pack) > tailBytesMax ? freeSlotFor(bucket, 0) : undefined;
    // Without a free slot the tail grows past its limit for a while: an edit never waits for a merge.
    if (slot === undefined) return writeManifest(bucket, slots, pack, news, marks);
    const range = await writeSegment(bucket, slot, pack);
    const empty: Pack = { first: last + 1, last, documents: [] };
    return writeManifest(bucket, [...slots, range], empty, news, marks);
  };

  /** What the acknowledged manifest names, and what was merged since, must not be overwritten. */
  const freeSlotFor = (bucket: Bucket, level: number): Slot | undefined => {
    const used = [...(manifest?.slots ?? []), ...(merged === null ? [] : [merged.range])];
    return freeSlot(level, bucket.layout, used, stored.quarantine, clock.now());
  };

  const mergeIfDue = async (bucket: Bucket): Promise<void> => {
    const due = merged === null ? dueMerge(bucket.layout, slotsNow(false)) : undefined;
    const to = due === undefined ? undefined : freeSlotFor(bucket, due.toLevel);
    if (due === undefined || to === undefined) return;
    const packs: Pack[] = [];
    const missing: SlotRange[] = [];
    for (const range of due.from.toSorted((a, b) => a.first - b.first)) {
      const pack = await readOwnSegment(bucket, range);
      if (pack === undefined) missing.push(range);
      else packs.push(pack);
    }
    if (missing.length > 0) return abandon(bucket, missing);
    const pack = packs.reduce((older, newer) => ({
      first: Math.min(older.first, newer.first),
      last: Math.max(older.last, newer.last),
      documents: joinPacked(older.documents, newer.documents, (id) => documents.loaded(id)),
    }));
    merged = { from: due.from, range: await writeSegment(bucket, to, pack) };
  };

  /** Undefined where it is gone, damaged, or another one than it should be. */
  const readOwnSegment = async (bucket: Bucket, range: SlotRange): Promise<Pack | undefined> => {
    try {
      return await readSegment(tools, bucket, bucket.replica, range);
    } catch (error) {
      if (toErrorData(error).code === "malformed") return undefined;
      throw error;
    }
  };

  /**
   * What was in lost segments is still in the documents: all that this replica ever published is published anew, and
   * whole, because what others published since may build on what was lost.
   */
  const abandon = async (bucket: Bucket, missing: readonly SlotRange[]): Promise<void> => {
    for (const { level, slot, generation } of missing) {
      const key = objectKey(bucket.namespace, bucket.replica, segmentName(level, slot));
      world.log.warn("an own segment is lost, and written again", { key });
      lost.add(generation);
    }
    const ids = frontier.publishedBy(bucket.replica);
    collector.publishWhole(ids);
    await Promise.all(ids.map((id) => dirty.mark(id)));
    forced = true;
  };

  const judge = (found: OpenedManifest | null): OwnManifest => {
    if (found === null) return stored.acknowledged > 0 ? "stale" : "ours";
    const { generation } = found;
    if (generation < stored.acknowledged) return "stale";
    const inFlight = journal?.manifest != null && journal.generation === generation;
    const expected = inFlight ? decodeManifest(journal!.manifest!) : manifest;
    const isKnown = inFlight || generation === stored.acknowledged;
    if (!isKnown || expected === null) return "foreign";
    return sameWriter(found.manifest, expected) ? "ours" : "foreign";
  };

  const verify = async (bucket: Bucket): Promise<void> => {
    const { replica } = bucket;
    const fetched = await bucket.get(replica, manifestName, { reload: true });
    let found: OpenedManifest | null = null;
    if (fetched !== null && fetched !== "unchanged")
      try {
        found = await openManifest(world, bucket, replica, fetched.bytes);
      } catch (error) {
        if (toErrorData(error).code !== "malformed") throw error;
      }
    const verdict = judge(found);
    await checkCurrent();
    if (verdict === "foreign")
      throw new PresyncError("conflict", "somebody else writes under this replica's id", {
        key: objectKey(bucket.namespace, replica, manifestName),
      });
    if (verdict === "stale") forced = true;
    isVerified = true;
  };

  const flush = async (bucket: Bucket): Promise<boolean> => {
    if (!isVerified) await verify(bucket);
    await finish(bucket);
    const marks = dirty.snapshot();
    const news = await collector.collect(bucket.replica);
    if (news.documents.length > 0 || forced || merged !== null || manifest === null) {
      await publish(bucket, news, marks);
      forced = false;
    } else if (news.settled.length > 0) await dirty.clean(news.settled, marks);
    try {
      await mergeIfDue(bucket);
      problems.resolve("merge");
    } catch (error) {
      // A merge only saves space: it is tried again at the next flush, and no edit waits for it.
      if (journal !== null) throw error;
      problems.report("merge", error);
    }
    return news.more;
  };

  return {
    get outstanding() {
      return collector.outstanding > 0 || journal !== null || forced || merged !== null;
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
    judge,
    republish() {
      forced = true;
    },
    flush: (bucket) =>
      world.locks.exclusive(parts.lockName, async () => {
        // The lock may come after the engine was closed: then nothing is begun.
        await Promise.race([parts.closing, Promise.resolve()]);
        return Promise.race([flush(bucket), parts.closing]);
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

function sameWriter(a: Manifest, b: Manifest): boolean {
  return a.incarnation === b.incarnation && bytesToHex(a.nonce) === bytesToHex(b.nonce);
}
