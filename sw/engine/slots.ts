/** Which slot to write next: pure functions over the acknowledged manifest's list of slots. */
import type { SlotRange } from "../../shared/codecs/manifest.ts";
import type { Layout } from "../../shared/keys.ts";

/** So many segments of one level are merged into one. Two of ten slots stay free for what is being written. */
export const mergeFanOut = 8;

/** A PUT of unknown fate may still land, and stores give up on a request long before this. */
export const quarantineMs: number = 15 * 60 * 1000;

/** Until when, by slot name, a PUT of unknown fate may still land there. */
export type Quarantine = Readonly<Record<string, number>>;

export interface Slot {
  readonly level: number;
  readonly slot: number;
}

/**
 * A slot that no manifest issued since the last acknowledged one needs. One write is outstanding at a time,
 * so the acknowledged manifest is the only one there is when this is asked.
 */
export function freeSlot(
  level: number,
  layout: Layout,
  used: readonly SlotRange[],
  quarantine: Quarantine,
  now: number,
): Slot | undefined {
  for (let slot = 0; slot < layout.slotsPerLevel; slot++) {
    const taken = used.some((range) => range.level === level && range.slot === slot);
    const awaited = (quarantine[slotKey({ level, slot })] ?? 0) > now;
    if (!taken && !awaited) return { level, slot };
  }
  return undefined;
}

/** The slots of the lowest level that is due for a merge, and the level they go to; the top merges into itself. */
export function dueMerge(
  layout: Layout,
  used: readonly SlotRange[],
): { readonly from: readonly SlotRange[]; readonly toLevel: number } | undefined {
  for (let level = 0; level < layout.levels; level++) {
    const from = used.filter((range) => range.level === level);
    if (from.length >= mergeFanOut)
      return { from, toLevel: Math.min(level + 1, layout.levels - 1) };
  }
  return undefined;
}

/**
 * The fewest segments that together hold what the manifest still names of the publications `first` to `last`,
 * oldest first. What no slot holds was lost, and its owner has published it anew.
 */
export function coverOf(
  slots: readonly SlotRange[],
  first: number,
  last: number,
): readonly SlotRange[] {
  const cover: SlotRange[] = [];
  for (let next = first; next <= last;) {
    const best = bestFor(slots, next);
    if (best === undefined || best.first > last) break;
    cover.push(best);
    next = best.last + 1;
  }
  return cover;
}

/** Of the segments that hold `next` the one that reaches furthest; where none does, the next one to come. */
function bestFor(slots: readonly SlotRange[], next: number): SlotRange | undefined {
  let best: SlotRange | undefined;
  for (const range of slots) {
    if (range.last < next) continue;
    const begins = Math.max(range.first, next);
    const bestBegins = best === undefined ? Infinity : Math.max(best.first, next);
    const isBetter = begins < bestBegins || (begins === bestBegins && range.last > best!.last);
    if (isBetter) best = range;
  }
  return best;
}

export function slotKey({ level, slot }: Slot): string {
  return `${level}/${slot}`;
}
