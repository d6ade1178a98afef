/**
 * Which slot to write, what to merge, what to read: pure functions over a manifest's list of slots.
 *
 * A segment is superseded when a later one holds its range and more. It stays listed until its slot is written
 * again, so that a reader who is nearly up to date may read small pieces; but nobody needs it.
 *
 *     level 0   |--| |--| |--| ... spilled tails          eight of a level that are needed
 *     level 1   |----------------------|                  are merged into one of the next level;
 *     ...                                                 the top level is merged into itself
 */
import type { SlotRange } from "../../shared/codecs/manifest.ts";
import type { Layout } from "../../shared/keys.ts";

/** Larger merges would hold too much in memory; what is larger stays as it is. */
export const mergeBytesMax: number = 24 * 1024 * 1024;

/** A PUT of unknown fate may still land, and stores give up on a request long before this. */
export const quarantineMs: number = 15 * 60 * 1000;

/** Smaller ones are not worth a request. */
const wastedBytesMin = 512;

/** What a request costs, in bytes that could have been read in its time: 20 ms at 100 kB a second. */
const requestCostBytes = 2_000;

/** Until when, by slot key, a PUT of unknown fate may still land there. */
export type Quarantine = Readonly<Record<string, number>>;

export interface Slot {
  readonly level: number;
  readonly slot: number;
}

export interface MergeLimits {
  /** Generations of segments that are gone, and named until what they held is published anew: merged with nothing. */
  readonly lost: ReadonlySet<number>;
  readonly bytesMax: number;
}

const noMergeLimits: MergeLimits = { lost: new Set(), bytesMax: mergeBytesMax };

export interface Merge {
  /** Neighbours: no other needed segment holds anything in between. */
  readonly from: readonly SlotRange[];
  readonly toLevel: number;
}

export function slotKey({ level, slot }: Slot): string {
  return `${level}/${slot}`;
}

/** The segments that no later one supersedes, oldest publications first. */
export function neededSlots(slots: readonly SlotRange[]): readonly SlotRange[] {
  return slots
    .filter((range) => !slots.some((other) => supersedes(other, range)))
    .toSorted((a, b) => a.first - b.first);
}

function supersedes(later: SlotRange, range: SlotRange): boolean {
  return (
    later.generation > range.generation && later.first <= range.first && later.last >= range.last
  );
}

export interface SlotUse {
  /** What the acknowledged manifest lists. */
  readonly listed: readonly SlotRange[];
  /** What is in the bucket, and will be listed by the next manifest. */
  readonly written: readonly SlotRange[];
  readonly quarantine: Quarantine;
  readonly now: number;
}

/**
 * A slot that no manifest issued since the last acknowledged one needs. One write is outstanding at a time, so that
 * one is the only one there is when this is asked. Among several the one that was superseded first, so that objects
 * stay few and readers keep the newest small pieces.
 */
export function freeSlot(
  level: number,
  layout: Layout,
  { listed, written, quarantine, now }: SlotUse,
): Slot | undefined {
  const needed = new Set([...neededSlots(listed), ...written].map((range) => slotKey(range)));
  let best: Slot | undefined;
  let bestGeneration = Infinity;
  for (let slot = 0; slot < layout.slotsPerLevel; slot++) {
    const key = slotKey({ level, slot });
    if (needed.has(key) || isQuarantined(quarantine[key], now)) continue;
    const stale = listed.find((range) => range.level === level && range.slot === slot);
    const generation = stale?.generation ?? Number.MAX_SAFE_INTEGER;
    if (generation >= bestGeneration) continue;
    best = { level, slot };
    bestGeneration = generation;
  }
  return best;
}

function isQuarantined(until: number | undefined, now: number): boolean {
  return until !== undefined && until > now;
}

/** What is still waited for. A clock that was set back makes it wait anew, and not until that time comes again. */
export function openQuarantine(quarantine: Quarantine, now: number): Quarantine {
  const open = Object.entries(quarantine).filter(([, until]) => isQuarantined(until, now));
  return Object.fromEntries(open.map(([key, until]) => [key, Math.min(until, now + quarantineMs)]));
}

/** The merge that is due because a level is full, the lowest level first. */
export function dueMerge(
  layout: Layout,
  slots: readonly SlotRange[],
  mergeFanOut: number,
  limits: MergeLimits = noMergeLimits,
): Merge | undefined {
  const needed = neededSlots(slots);
  const fanOut = Math.max(2, Math.min(mergeFanOut, layout.slotsPerLevel - 2));
  for (let level = 0; level < layout.levels; level++) {
    if (needed.filter((range) => range.level === level).length < fanOut) continue;
    const from = longestRun(needed, level, limits);
    if (from.length >= 2) return { from, toLevel: Math.min(level + 1, layout.levels - 1) };
  }
  return undefined;
}

/** The longest row of neighbours up to this level that may be merged at once. */
function longestRun(
  needed: readonly SlotRange[],
  level: number,
  { lost, bytesMax }: MergeLimits,
): readonly SlotRange[] {
  let longest: readonly SlotRange[] = [];
  for (let start = 0; start < needed.length; start++) {
    let [end, bytes] = [start, 0];
    for (; end < needed.length; end++) {
      const range = needed[end]!;
      bytes += range.bytes;
      if (range.level > level || lost.has(range.generation) || bytes > bytesMax) break;
    }
    if (end - start > longest.length) longest = needed.slice(start, end);
  }
  return longest;
}

/** The newest segments, with every older neighbour that is not so much larger than they are together. */
export function newestMerge(
  slots: readonly SlotRange[],
  ratio: number,
  { lost, bytesMax }: MergeLimits = noMergeLimits,
): Merge | undefined {
  const from: SlotRange[] = [];
  let bytes = 0;
  for (const range of neededSlots(slots).toReversed()) {
    const isFar = from.length > 0 && range.bytes > bytes * ratio;
    if (isFar || lost.has(range.generation) || bytes + range.bytes > bytesMax) break;
    from.unshift(range);
    bytes += range.bytes;
  }
  if (from.length < 2) return undefined;
  return { from, toLevel: Math.max(...from.map(({ level }) => level)) };
}

/**
 * The superseded segment that is worth writing over with an empty one: the largest, where together they take more than
 * half of what is needed. (Objects cannot be deleted with a signed URL for a PUT.)
 */
export function wasteful(slots: readonly SlotRange[]): SlotRange | undefined {
  const needed = neededSlots(slots);
  const superseded = slots.filter((range) => !needed.includes(range));
  if (bytesOf(superseded) <= bytesOf(needed) / 2) return undefined;
  const largest = superseded.toSorted((a, b) => b.bytes - a.bytes)[0];
  return largest !== undefined && largest.bytes >= wastedBytesMin ? largest : undefined;
}

export function bytesOf(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * The cheapest segments that together hold what is still listed of the publications `first` to `last`, oldest
 * first. What no segment holds was lost, and its owner has published it anew.
 */
export function coverOf(
  slots: readonly SlotRange[],
  first: number,
  last: number,
): readonly SlotRange[] {
  const known = new Map<number, Cover>();
  const coverFrom = (next: number): Cover => {
    const before = known.get(next);
    if (before !== undefined) return before;
    const cover = next > last ? emptyCover : cheapest(next);
    known.set(next, cover);
    return cover;
  };
  const cheapest = (next: number): Cover => {
    const holding = slots.filter((range) => range.first <= next && range.last >= next);
    if (holding.length === 0) {
      const later = slots.map((range) => range.first).filter((begin) => begin > next);
      return later.length === 0 ? emptyCover : coverFrom(Math.min(...later));
    }
    const covers = holding.map((range) => {
      const rest = coverFrom(range.last + 1);
      return { ranges: [range, ...rest.ranges], cost: rest.cost + range.bytes + requestCostBytes };
    });
    return covers.reduce((best, cover) => (cover.cost < best.cost ? cover : best));
  };
  return coverFrom(first).ranges;
}

interface Cover {
  readonly ranges: readonly SlotRange[];
  readonly cost: number;
}

const emptyCover: Cover = { ranges: [], cost: 0 };
