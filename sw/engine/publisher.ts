/**
 * The writer of a replica's publications. An edit is acknowledged only by a 2xx for a manifest; before the first
 * write of an incarnation the own manifest is read, so that a restored or cloned profile overwrites nothing.
 *
 *     news -> fits the tail ------------------> PUT manifest -> acknowledged
 *          -> too large   -> PUT seg/0/<slot> -> PUT manifest -> acknowledged
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Manifest, ReplicaAt, SlotRange } from "../../shared/codecs/manifest.ts";
import {
  adoptedMax,
  decodeManifest,
  fledFromMax,
  unreadableMax,
} from "../../shared/codecs/manifest.ts";
import type { Pack } from "../../shared/codecs/pack.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { Collector, News } from "./collect.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents } from "./documents.ts";
import type { Frontier } from "./frontier.ts";
import { joinPacks, reencodeOpen } from "./joining.ts";
import { movesOf, packBytes } from "./packing.ts";
import { writerOf } from "./line.ts";
import type { OpenedManifest } from "./reader.ts";
import { isUnreadable, openManifest } from "./reader.ts";
import type { StoredState } from "./replica-state.ts";
import type { Marks, ReplicaWriter } from "./replica-writer.ts";
import { withSlots } from "./replica-writer.ts";
import { freeSlot, neededSlots, slotKey } from "./slots.ts";
import type { Tuning } from "./tuning.ts";
import type { Bucket, World } from "./world.ts";

/** A tail that waits for a slot of level 0 is uploaded with every flush: larger ones take a slot of another level. */
const waitingBytesMax: number = 64 * 1024;

/** So many documents are marked and revoked in one transaction. */
const revokedAtOnceMax = 200;

/** `foreign`: neither acknowledged nor in flight here, so somebody else writes under our id. */
export type OwnManifest = "ours" | "stale" | "foreign";

export interface Publisher {
  /** Whether anything waits to be written at this time. */
  isOutstanding(now: number): boolean;
  /** When documents that are held back then may be written; null where none is. */
  nextAt(now: number): number | null;
  /** Whether the bucket lacks something that was computed already. */
  readonly writing: boolean;
  readonly lastSavedAt: number | null;
  /** When the last pack was acknowledged, by the device's clock. */
  readonly packedAt: number;
  /** Generation of the newest acknowledged manifest; 0 before the first. */
  readonly acknowledged: number;
  /**
   * Publishes what is dirty, as far as it fits one publication. True when more is waiting. Throws what the
   * bucket or the disk throws, and `conflict` where somebody else writes under our id; whatever was under way
   * goes on at the next call.
   */
  flush(bucket: Bucket): Promise<boolean>;
  /** Publishes another replica's pack as it is, in an object of its own. */
  publishPack(bucket: Bucket, pack: Pack, outcome: Partial<StoredState>): Promise<void>;
  /** What the own manifest in the bucket is to us; null stands for none, or a damaged one. */
  judge(found: OpenedManifest | null): OwnManifest;
  /** The own manifest is missing from the bucket, or too old there: it is written again. */
  repair(): Promise<void>;
  /** Makes the next flush write a manifest even without news. */
  republish(): void;
  /**
   * Takes nothing for granted any more of what the bucket is thought to have of these documents: they are published
   * whole, at `heldUntil` at the earliest, unless somebody else's complete publication comes first.
   */
  revoke(ids: readonly DocumentId[], heldUntil?: number): Promise<void>;
  /** Runs an action that writes objects, while nothing else does. Throws `closed`. */
  exclusive<T>(action: () => Promise<T>): Promise<T>;
  /** What every such action begins with: the own manifest is looked at, and an earlier write brought to its end. */
  begin(bucket: Bucket): Promise<void>;
  /** Somebody else writes under this id: nothing is begun any more, whoever asks for it. */
  forsake(): void;
}

export interface PublisherParts {
  readonly world: World;
  readonly tuning: Tuning;
  readonly writer: ReplicaWriter;
  readonly collector: Collector;
  readonly documents: Documents;
  readonly dirty: DirtySet;
  readonly frontier: Frontier;
  readonly fledFrom: readonly ReplicaId[];
  /** Documents whose changes wait for others that nobody has published. */
  readonly wants: () => readonly Uint8Array[];
  /** Other replicas' segments that could not be read. */
  readonly unreadable: () => readonly ReplicaAt[];
  readonly lockName: string;
  /** Rejects when the engine is closed: nothing that hangs may keep the lock. */
  readonly closing: Promise<never>;
}

export function createPublisher(parts: PublisherParts): Publisher {
  const { world, writer, collector, documents, dirty, frontier, tuning } = parts;
  const fledFrom = parts.fledFrom.slice(-fledFromMax);
  let isVerified = false;
  let isForsaken = false;
  let forced = false;
  /** It was found that segments may be lost, and that is not on disk yet. */
  let isAuditDue = false;
  let packedAt = Number.NEGATIVE_INFINITY;

  const writeManifest = async (
    bucket: Bucket,
    slots: readonly SlotRange[],
    tail: Pack,
    news: News,
    marks: Marks,
    outcome: Partial<StoredState> = {},
  ): Promise<void> => {
    const { stored } = writer;
    const adopted = (outcome.adopted ?? stored.adopted).slice(-adoptedMax);
    const [wants, unreadable] = [parts.wants(), parts.unreadable().slice(-unreadableMax)];
    const content = { slots, tail, fledFrom, adopted, wants, unreadable, dataVersion: 0 };
    const { moves, settled, more } = news;
    // What is lost is named as long as not all of it has been published anew.
    const lost = more ? stored.lost : [];
    const audit = isAuditDue ? { auditDue: true } : {};
    const state = { merged: null, lost, ...audit, ...outcome };
    await writer.writeManifest(bucket, content, { moves, settled, marks, outcome: state });
    isAuditDue = false;
  };

  /** What the new manifest names of the segments that are there. */
  const slotsNow = (withLost: boolean): readonly SlotRange[] => {
    const { stored, manifest } = writer;
    const lost = new Set(withLost ? [] : stored.lost);
    const merged = stored.merged === null ? [] : [stored.merged];
    const kept = (manifest?.slots ?? []).filter(
      (range) => !stored.overwritten.includes(slotKey(range)),
    );
    return withSlots(kept, merged).filter(({ generation }) => !lost.has(generation));
  };

  const publish = async (
    bucket: Bucket,
    news: News,
    marks: Marks,
    { asSegment = false, outcome }: { asSegment?: boolean; outcome?: Partial<StoredState> } = {},
  ): Promise<void> => {
    const old = writer.manifest?.tail ?? { first: 1, last: 0, documents: [] };
    const isNews = news.documents.length > 0;
    const last = isNews ? old.last + 1 : old.last;
    const newest: Pack = { first: old.first, last, documents: news.documents };
    const joined = isNews ? reencodeOpen(joinPacks([old, newest]), documents) : old;
    const slots = slotsNow(news.more);
    const bytes = packBytes(joined);
    const isLarge = asSegment || bytes > tuning.tailBytesMax;
    const isTooLarge = asSegment || bytes > waitingBytesMax;
    const slot = isLarge
      ? (freeSlotAt(bucket, 0) ?? (isTooLarge ? freeSlotAbove(bucket) : undefined))
      : undefined;
    if (asSegment && slot === undefined)
      throw new PresyncError("retry", "no slot is free until segments have been merged");
    // Without a free slot the tail grows past its limit for a while: an edit never waits for a merge.
    if (slot === undefined) return writeManifest(bucket, slots, joined, news, marks, outcome);
    const range = await writer.writeSegment(bucket, slot, joined);
    const empty: Pack = { first: last + 1, last, documents: [] };
    return writeManifest(bucket, withSlots(slots, [range]), empty, news, marks, outcome);
  };

  const freeSlotAt = (bucket: Bucket, level: number): ReturnType<typeof freeSlot> => {
    const { manifest, stored } = writer;
    return freeSlot(level, bucket.layout, {
      listed: manifest?.slots ?? [],
      written: stored.merged === null ? [] : [stored.merged],
      quarantine: stored.quarantine,
      now: world.clock.now(),
    });
  };

  /** A slot that merges can do without; segments that are too large to be merged would else fill level 0 for good. */
  const freeSlotAbove = (bucket: Bucket): ReturnType<typeof freeSlot> => {
    const needed = neededSlots(writer.manifest?.slots ?? []);
    for (let level = 1; level < bucket.layout.levels; level++) {
      const used = needed.filter((range) => range.level === level).length;
      const slot = used < bucket.layout.slotsPerLevel - 2 ? freeSlotAt(bucket, level) : undefined;
      if (slot !== undefined) return slot;
    }
    return undefined;
  };

  const judge = (found: OpenedManifest | null): OwnManifest => {
    const { stored, journal, manifest } = writer;
    if (found === null) return stored.acknowledged > 0 ? "stale" : "ours";
    const { generation } = found;
    if (generation < stored.acknowledged) return "stale";
    const inFlight = journal?.manifest != null && journal.generation === generation;
    const expected = inFlight ? decodeManifest(journal.manifest) : manifest;
    const isKnown = inFlight || generation === stored.acknowledged;
    if (!isKnown || expected === null) return "foreign";
    return sameWriter(found.manifest, expected) ? "ours" : "foreign";
  };

  /** The newest manifest is written again; whether its segments are still there is looked into. */
  const repair = async (): Promise<void> => {
    // Should the disk refuse, the manifest that hides what was found brings it along.
    [isAuditDue, forced] = [true, true];
    await writer.remember({ auditDue: true });
    isAuditDue = false;
  };

  const verify = async (bucket: Bucket): Promise<void> => {
    const { replica } = bucket;
    const fetched = await bucket.get(replica, manifestName, { reload: true });
    let found: OpenedManifest | null = null;
    if (fetched !== null && fetched !== "unchanged")
      try {
        found = await openManifest(world, bucket, replica, fetched.bytes);
      } catch (error) {
        // Written by a later version of presync: not ours to overwrite.
        if (!isUnreadable(error) || error.code === "unsupported-version") throw error;
      }
    const verdict = judge(found);
    await writer.checkCurrent();
    if (verdict === "foreign")
      throw new PresyncError("conflict", "somebody else writes under this replica's id", {
        key: objectKey(bucket.namespace, replica, manifestName),
      });
    if (verdict === "stale") await repair();
    isVerified = true;
  };

  /** Brings an earlier write to its end. Nothing is written before the own manifest was looked at. */
  const begin = async (bucket: Bucket): Promise<void> => {
    if (isForsaken) throw new PresyncError("closed", "this replica's id is being given up");
    if (!isVerified) await verify(bucket);
    await writer.finish(bucket);
  };

  const flush = async (bucket: Bucket): Promise<boolean> => {
    await begin(bucket);
    const marks = dirty.snapshot();
    const news = await collector.collect(bucket.replica);
    // What is lost is named until all of it is published anew.
    const isHealed = writer.stored.lost.length > 0 && !news.more;
    const isDue = forced || writer.manifest === null || isHealed;
    if (news.documents.length > 0 || isDue) {
      await publish(bucket, news, marks);
      forced = false;
    } else if (news.settled.length > 0) await dirty.clean(news.settled, marks);
    return news.more;
  };

  const isWriting = (): boolean =>
    writer.journal !== null || forced || writer.stored.lost.length > 0;

  const exclusive = <T>(action: () => Promise<T>): Promise<T> =>
    world.locks.exclusive(parts.lockName, async () => {
      // The lock may come after the engine was closed: then nothing is begun.
      await Promise.race([parts.closing, Promise.resolve()]);
      return Promise.race([action(), parts.closing]);
    });

  return {
    isOutstanding: (now) => isWriting() || collector.isOutstanding(now),
    nextAt: (now) => collector.nextAt(now),
    get writing() {
      return isWriting();
    },
    get lastSavedAt() {
      return writer.stored.lastSavedAt;
    },
    get packedAt() {
      return packedAt;
    },
    get acknowledged() {
      return writer.stored.acknowledged;
    },
    judge,
    repair: () => exclusive(repair),
    republish() {
      forced = true;
    },
    exclusive,
    begin,
    forsake() {
      isForsaken = true;
    },
    flush: (bucket) => exclusive(() => flush(bucket)),
    publishPack: (bucket, pack, outcome) =>
      exclusive(async () => {
        await begin(bucket);
        const { documents: packed } = pack;
        const moves = movesOf(bucket.replica, pack, () => false);
        const news: News = { documents: packed, moves, settled: [], more: true };
        await publish(bucket, news, noMarks, { asSegment: true, outcome });
        packedAt = world.clock.now();
      }),
    revoke: (ids, heldUntil) =>
      exclusive(async () => {
        for (let start = 0; start < ids.length; start += revokedAtOnceMax) {
          const some = ids.slice(start, start + revokedAtOnceMax);
          await writer.withdrawMoves(some);
          await frontier.exclusive(async () => {
            await dirty.markAll(some, await frontier.toRevoke(some), heldUntil);
            frontier.revoke(some);
          });
        }
      }),
  };
}

const noMarks: Marks = new Map();

function sameWriter(a: Manifest, b: Manifest): boolean {
  const [one, other] = [writerOf(a), writerOf(b)];
  return one.incarnation === other.incarnation && one.nonce === other.nonce;
}
