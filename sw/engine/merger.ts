/**
 * Merges segments, so that they stay few. No edit waits for it: segments are read and joined while edits go out, and
 * only the PUT of the result takes its turn among the other writes. A kill at any moment costs that merge alone; a
 * merged segment that is in the bucket is remembered, and named by the next manifest, whoever writes it.
 *
 * It is also who notices that an own segment is lost: then all that this replica ever published is published anew,
 * and whole, because what others published since may build on what was lost.
 */
import type { SlotRange } from "../../shared/codecs/manifest.ts";
import type { Pack } from "../../shared/codecs/pack.ts";
import { noAnswerCodes, toErrorData } from "../../shared/errors.ts";
import { objectKey, segmentName } from "../../shared/keys.ts";
import type { Documents } from "./documents.ts";
import type { Frontier } from "./frontier.ts";
import { joinPacks, reencodeAll } from "./joining.ts";
import { pause } from "./pause.ts";
import type { Problems } from "./problems.ts";
import type { Publisher } from "./publisher.ts";
import { readSegment } from "./reader.ts";
import type { StoredState } from "./replica-state.ts";
import type { ReplicaWriter } from "./replica-writer.ts";
import type { Merge, MergeLimits, Slot } from "./slots.ts";
import {
  bytesOf,
  dueMerge,
  freeSlot,
  mergeBytesMax,
  neededSlots,
  newestMerge,
  slotKey,
  wasteful,
} from "./slots.ts";
import type { Tuning } from "./tuning.ts";
import type { Bucket, World } from "./world.ts";

const subject = "merge";

/**
 * With time on its hands a replica merges segments into an older one up to eight times as large as they are together:
 * a reader from the beginning then needs few requests, and a byte is written again only a few times.
 */
const quietRatio = 8;

/** While edits go on, segments are merged into an older one up to twice as large as they are together. */
const spaceRatio = 2;

/** Complaints stay in manifests until their writers have read what was missing; one look is enough for a while. */
const auditIntervalMs: number = 10 * 60 * 1000;

export interface Merger {
  /** Something was written: see whether there is anything to do. Never rejects. */
  consider(bucket: Bucket): Promise<void>;
  /**
   * Somebody could not read the own segment of this generation: if the manifest still lists it, all that are needed are
   * looked at, now or when the last look is ten minutes ago. (Who turns to a superseded one could not read what
   * superseded it.) Never rejects.
   */
  complained(bucket: Bucket, generation: number): Promise<void>;
  /** Goes on with a look at the own segments that was put off, or cut off. Never rejects. */
  resume(bucket: Bucket): Promise<void>;
  /** Nothing goes on: merge for the sake of readers from the beginning. Never rejects. */
  tidy(bucket: Bucket): Promise<void>;
}

export interface MergerParts {
  readonly world: World;
  readonly tuning: Tuning;
  readonly writer: ReplicaWriter;
  readonly publisher: Publisher;
  readonly documents: Documents;
  readonly frontier: Frontier;
  readonly problems: Problems;
  /** There is something to publish now. */
  readonly outstanding: () => void;
  readonly superseded: () => void;
}

export function createMerger(parts: MergerParts): Merger {
  const { world, tuning, writer, publisher, documents, frontier, problems } = parts;
  const breathe = (): Promise<void> => pause(world.timers, 0);
  let running: Promise<void> | null = null;
  let spentBytes = 0;
  let emptied = 0;
  let auditedAt = Number.NEGATIVE_INFINITY;
  let auditNotBefore = Number.NEGATIVE_INFINITY;
  /** Smaller once a merge was too large for one object, whatever its segments take compressed. */
  let bytesMax = mergeBytesMax;

  const step = async (bucket: Bucket, isQuiet: boolean): Promise<void> => {
    if (writer.stored.auditDue && isAuditTime()) await audit(bucket);
    // What was merged is named by the next manifest; until then its slots are not free.
    if (writer.stored.merged !== null) return isQuiet ? nameMerged() : undefined;
    const slots = writer.manifest?.slots ?? [];
    const limits = { lost: new Set(writer.stored.lost), bytesMax };
    const due = dueMerge(bucket.layout, slots, tuning.mergeFanOut, limits);
    const merge =
      due ?? (isQuiet ? newestMerge(slots, quietRatio, limits) : affordable(slots, limits));
    if (merge === undefined) return emptyWasteful(bucket);
    const { packs, missing } = await readOwn(bucket, merge.from);
    if (missing.length > 0) return abandon(bucket, missing);
    const pack = await reencodeAll(joinPacks(packs), documents, breathe);
    try {
      await publisher.exclusive(() => write(bucket, merge, pack));
    } catch (error) {
      if (toErrorData(error).code !== "too-large") throw error;
      bytesMax = bytesOf(merge.from) / 2;
      world.log.warn("segments that are too large to be merged", { bytes: bytesOf(merge.from) });
    }
    if (isQuiet && writer.stored.merged !== null) nameMerged();
  };

  /** A merge that spares space, where it costs little beside what edits cost. */
  const affordable = (slots: readonly SlotRange[], limits: MergeLimits): Merge | undefined => {
    const merge = newestMerge(slots, spaceRatio, limits);
    if (merge === undefined) return undefined;
    const costs = bytesOf(merge.from);
    if (spentBytes + costs > writer.manifests.bytes * tuning.mergeBytesShare) return undefined;
    spentBytes += costs;
    return merge;
  };

  const emptyWasteful = async (bucket: Bucket): Promise<void> => {
    const range = wasteful(writer.manifest?.slots ?? []);
    if (range === undefined || emptied + 1 > writer.manifests.count * tuning.emptyPutsShare) return;
    await publisher.exclusive(async () => {
      await publisher.begin(bucket);
      const { stored, manifest } = writer;
      const listed = manifest?.slots ?? [];
      // The manifest may have changed, and a late PUT may still land there.
      const isIdle = !neededSlots(listed).some((other) => slotKey(other) === slotKey(range));
      const isListed = listed.some(({ generation }) => generation === range.generation);
      if (!isIdle || !isListed || stored.merged !== null || isQuarantined(stored, range)) return;
      emptied++;
      await writer.writeSegment(bucket, range, { first: 1, last: 0, documents: [] });
    });
  };

  const isQuarantined = ({ quarantine }: StoredState, slot: Slot): boolean =>
    (quarantine[slotKey(slot)] ?? 0) > world.clock.now();

  const nameMerged = (): void => {
    publisher.republish();
    parts.outstanding();
  };

  const write = async (bucket: Bucket, merge: Merge, pack: Pack): Promise<void> => {
    await publisher.begin(bucket);
    const slot = slotFor(bucket, merge);
    if (slot === undefined || writer.stored.merged !== null || !isListed(merge.from)) return;
    await writer.writeSegment(bucket, slot, pack, (merged) => ({ merged }));
  };

  const slotFor = (bucket: Bucket, { toLevel }: Merge): Slot | undefined => {
    const { stored, manifest } = writer;
    const use = {
      listed: manifest?.slots ?? [],
      written: [],
      quarantine: stored.quarantine,
      now: world.clock.now(),
    };
    for (let level = toLevel; level < bucket.layout.levels; level++) {
      const slot = freeSlot(level, bucket.layout, use);
      if (slot !== undefined) return slot;
    }
    return undefined;
  };

  const isListed = (ranges: readonly Pick<SlotRange, "generation">[]): boolean => {
    const listed = new Set((writer.manifest?.slots ?? []).map(({ generation }) => generation));
    return ranges.every(({ generation }) => listed.has(generation));
  };

  const isAuditTime = (): boolean => {
    const restMs = auditNotBefore - world.clock.now();
    return restMs <= 0 || restMs > auditIntervalMs;
  };

  const audit = async (bucket: Bucket): Promise<void> => {
    auditedAt = world.clock.now();
    const lost = new Set(writer.stored.lost);
    const needed = neededSlots(writer.manifest?.slots ?? []);
    const { missing } = await readOwn(
      bucket,
      needed.filter(({ generation }) => !lost.has(generation)),
    );
    if (missing.length > 0) await abandon(bucket, missing);
    await publisher.exclusive(() => writer.remember({ auditDue: false }));
  };

  const readOwn = async (
    bucket: Bucket,
    ranges: readonly SlotRange[],
  ): Promise<{ readonly packs: readonly Pack[]; readonly missing: readonly SlotRange[] }> => {
    const packs: Pack[] = [];
    const missing: SlotRange[] = [];
    for (const range of ranges) {
      const { replica } = bucket;
      const found = await readSegment(world.tools, bucket, replica, range, { reload: true });
      if (found.problem === null) packs.push(found.pack);
      else missing.push(range);
    }
    return { packs, missing };
  };

  const abandon = async (bucket: Bucket, missing: readonly SlotRange[]): Promise<void> => {
    // It may have been superseded, and its slot written again, while it was being read.
    const gone = missing.filter((range) => isNeeded(range));
    if (gone.length === 0) return;
    for (const { level, slot } of gone) {
      const key = objectKey(bucket.namespace, bucket.replica, segmentName(level, slot));
      world.log.warn("an own segment is lost, and written again", { key });
    }
    await publisher.revoke(await frontier.publishedBy(bucket.replica));
    // Only now: as long as it is named, the next one to look at it comes here again.
    const lost = [...writer.stored.lost, ...gone.map(({ generation }) => generation)];
    await publisher.exclusive(() => writer.remember({ lost }));
    parts.outstanding();
  };

  const isNeeded = ({ generation }: Pick<SlotRange, "generation">): boolean =>
    neededSlots(writer.manifest?.slots ?? []).some((range) => range.generation === generation);

  const run = (bucket: Bucket, isQuiet: boolean): Promise<void> => {
    running ??= step(bucket, isQuiet)
      .then(() => problems.resolve(subject))
      .catch((error: unknown) => {
        const { code } = toErrorData(error);
        if (code === "superseded") parts.superseded();
        // It only saves space: it is tried again after the next write.
        else if (code !== "closed" && !noAnswerCodes.has(code)) problems.report(subject, error);
      })
      .finally(() => {
        running = null;
      });
    return running;
  };

  return {
    async complained(bucket, generation) {
      if (!isListed([{ generation }])) return;
      auditNotBefore = auditedAt + auditIntervalMs;
      try {
        // On disk: whoever complains is heard once, and the look may fail, or be cut off.
        if (!writer.stored.auditDue)
          await publisher.exclusive(() => writer.remember({ auditDue: true }));
      } catch (error) {
        if (toErrorData(error).code === "superseded") return parts.superseded();
        if (toErrorData(error).code !== "closed") problems.report(subject, error);
      }
      await running;
      await run(bucket, false);
    },
    consider: (bucket) => run(bucket, false),
    async resume(bucket) {
      if (writer.stored.auditDue) await run(bucket, false);
    },
    async tidy(bucket) {
      await running;
      await run(bucket, true);
    },
  };
}
