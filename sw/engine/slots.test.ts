import fc from "fast-check";
import { expect, test } from "vitest";
import type { SlotRange } from "../../shared/codecs/manifest.ts";
import { defaultLayout } from "../../shared/keys.ts";
import { coverOf, dueMerge, freeSlot, mergeFanOut, quarantineMs, slotKey } from "./slots.ts";

const range = (slot: number, first: number, last: number, level = 0): SlotRange => ({
  level,
  slot,
  first,
  last,
  generation: 1,
});

test("I7: a slot that is named, or where a PUT may still land, is not free", () => {
  const used = [range(0, 1, 5), range(1, 6, 9)];
  expect(freeSlot(0, defaultLayout, used, {}, 0)).toEqual({ level: 0, slot: 2 });
  const quarantine = { [slotKey({ level: 0, slot: 2 })]: quarantineMs };
  expect(freeSlot(0, defaultLayout, used, quarantine, 0)).toEqual({ level: 0, slot: 3 });
  expect(freeSlot(0, defaultLayout, used, quarantine, quarantineMs)).toEqual({ level: 0, slot: 2 });
  const all = Array.from({ length: 10 }, (_, slot) => range(slot, slot + 1, slot + 1));
  expect(freeSlot(0, defaultLayout, all, {}, 0)).toBeUndefined();
});

test("a full level is merged into the next one, the top into itself", () => {
  const full = Array.from({ length: mergeFanOut }, (_, slot) => range(slot, slot + 1, slot + 1));
  expect(dueMerge(defaultLayout, full.slice(1))).toBeUndefined();
  expect(dueMerge(defaultLayout, full)).toEqual({ from: full, toLevel: 0 });
  expect(dueMerge({ levels: 3, slotsPerLevel: 10 }, full)).toEqual({ from: full, toLevel: 1 });
});

test("a cover holds every publication that is named anywhere", () => {
  const slots = [range(0, 1, 64, 1), range(0, 50, 57), range(1, 58, 65), range(2, 66, 70)];
  expect(coverOf(slots, 60, 70)).toEqual([range(1, 58, 65), range(2, 66, 70)]);
  expect(coverOf(slots, 2, 64)).toEqual([range(0, 1, 64, 1)]);
  expect(coverOf([range(0, 1, 5), range(1, 9, 12)], 3, 20)).toEqual([
    range(0, 1, 5),
    range(1, 9, 12),
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(12)), { maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(20),
      (pairs, first, count) => {
        const some = pairs.map(([start, length], slot) => range(slot, start, start + length));
        const holding = (ranges: readonly SlotRange[]): number[] =>
          Array.from({ length: count + 1 }, (_, index) => first + index).filter((n) =>
            ranges.some((r) => r.first <= n && n <= r.last),
          );
        const cover = coverOf(some, first, first + count);
        expect(holding(cover)).toEqual(holding(some));
        expect(new Set(cover).size).toBe(cover.length);
      },
    ),
  );
});
