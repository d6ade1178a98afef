import fc from "fast-check";
import { expect, test } from "vitest";
import type { SlotRange } from "../../shared/codecs/manifest.ts";
import { defaultLayout } from "../../shared/keys.ts";
import type { SlotUse } from "./slots.ts";
import {
  bytesOf,
  coverOf,
  dueMerge,
  freeSlot,
  mergeBytesMax,
  neededSlots,
  newestMerge,
  openQuarantine,
  quarantineMs,
  slotKey,
  wasteful,
} from "./slots.ts";

const fanOut = 8;

/** Generations grow with the publications, unless said otherwise. */
const range = (
  slot: number,
  first: number,
  last: number,
  { level = 0, generation = last * 2, bytes = 1_000 }: Partial<SlotRange> = {},
): SlotRange => ({ level, slot, first, last, generation, bytes });

const use = (listed: readonly SlotRange[], rest: Partial<SlotUse> = {}): SlotUse => ({
  listed,
  written: [],
  quarantine: {},
  now: 0,
  ...rest,
});

test("I7: a slot that is needed, or written and not named yet, is not free", () => {
  const listed = [range(0, 1, 5), range(1, 6, 9)];
  expect(freeSlot(0, defaultLayout, use(listed))).toEqual({ level: 0, slot: 2 });
  const written = [range(2, 1, 9, { generation: 30 })];
  expect(freeSlot(0, defaultLayout, use(listed, { written }))).toEqual({ level: 0, slot: 3 });
  const all = Array.from({ length: 10 }, (_, slot) => range(slot, slot + 1, slot + 1));
  expect(freeSlot(0, defaultLayout, use(all))).toBeUndefined();
});

test("a slot where a PUT of unknown fate may still land is not free, whatever the clock does", () => {
  const quarantine = { [slotKey({ level: 0, slot: 0 })]: 1_000 + quarantineMs };
  const at = (now: number): unknown => freeSlot(0, defaultLayout, use([], { quarantine, now }));
  expect(at(1_000)).toEqual({ level: 0, slot: 1 });
  expect(at(1_000 + quarantineMs)).toEqual({ level: 0, slot: 0 });
  // Set back by a year: it is waited for anew, and not for that long.
  const setBack = -31_536_000_000;
  expect(at(setBack)).toEqual({ level: 0, slot: 1 });
  expect(openQuarantine(quarantine, setBack)).toEqual({ "0/0": setBack + quarantineMs });
  expect(openQuarantine(quarantine, 1_000 + quarantineMs)).toEqual({});
});

test("what a later segment holds is superseded: its slot is free, the oldest one first", () => {
  const listed = [
    range(0, 6, 9, { generation: 12 }),
    range(1, 1, 5, { generation: 7 }),
    range(0, 1, 9, { level: 1, generation: 20 }),
  ];
  expect(neededSlots(listed)).toEqual([listed[2]]);
  expect(freeSlot(0, defaultLayout, use(listed))).toEqual({ level: 0, slot: 1 });
  // An earlier one that holds more does not stand for what came after it.
  const older = [range(0, 1, 9, { level: 1, generation: 3 }), range(0, 1, 5, { generation: 7 })];
  expect(neededSlots(older)).toHaveLength(2);
});

test("a full level is merged into the next one, the top into itself", () => {
  const full = Array.from({ length: fanOut }, (_, slot) => range(slot, slot + 1, slot + 1));
  expect(dueMerge(defaultLayout, full.slice(1), fanOut)).toBeUndefined();
  expect(dueMerge(defaultLayout, full, fanOut)).toEqual({ from: full, toLevel: 1 });
  const oneLevel = { levels: 1, slotsPerLevel: 10 };
  expect(dueMerge(oneLevel, full, fanOut)).toEqual({ from: full, toLevel: 0 });
  const superseded = [...full, range(0, 1, fanOut, { level: 1, generation: 99 })];
  expect(dueMerge(defaultLayout, superseded, fanOut)).toBeUndefined();
});

test("only neighbours are merged, and only so many bytes", () => {
  const apart = Array.from({ length: fanOut }, (_, index) =>
    range(index, index * 10 + 1, index * 10 + 5),
  );
  const between = range(0, 36, 40, { level: 1 });
  expect(dueMerge(defaultLayout, [...apart, between], fanOut)?.from).toEqual(apart.slice(0, 4));
  const large = apart.map((one, index) => (index === 2 ? { ...one, bytes: mergeBytesMax } : one));
  expect(dueMerge(defaultLayout, large, fanOut)?.from).toEqual(large.slice(3));
});

test("a lost segment is merged with nothing, and no smaller limit is gone beyond", () => {
  const full = Array.from({ length: fanOut }, (_, slot) => range(slot, slot + 1, slot + 1));
  const lost = new Set([full[2]!.generation]);
  const limits = { lost, bytesMax: mergeBytesMax };
  expect(dueMerge(defaultLayout, full, fanOut, limits)?.from).toEqual(full.slice(3));
  expect(newestMerge(full, 8, limits)?.from).toEqual(full.slice(3));
  const small = { lost: new Set<number>(), bytesMax: bytesOf(full.slice(0, 3)) };
  expect(dueMerge(defaultLayout, full, fanOut, small)?.from).toHaveLength(3);
  expect(newestMerge(full, 8, small)?.from).toEqual(full.slice(-3));
});

test("tidying leaves one large segment and one small one", () => {
  expect(newestMerge([range(0, 1, 5)], 8)).toBeUndefined();
  const large = range(0, 1, 100, { level: 2, bytes: 30_000 });
  const small = range(0, 101, 110, { level: 1, bytes: 3_000 });
  expect(newestMerge([large, small], 8)).toBeUndefined();
  const spilled = range(0, 111, 120);
  expect(newestMerge([large, small, spilled], 8)).toEqual({
    from: [large, small, spilled],
    toLevel: 2,
  });
  const huge = { ...large, bytes: 100_000 };
  expect(newestMerge([huge, small, spilled], 8)).toEqual({ from: [small, spilled], toLevel: 1 });
});

test("superseded segments are written over when they take more than half of what is needed", () => {
  const needed = range(0, 1, 9, { level: 1, generation: 90, bytes: 10_000 });
  const pieces = Array.from({ length: 7 }, (_, slot) =>
    range(slot, slot + 1, slot + 1, { bytes: 600 + slot * 20 }),
  );
  expect(wasteful([needed, ...pieces])).toBeUndefined();
  const larger = { ...pieces[3]!, bytes: 2_000 };
  expect(wasteful([needed, ...pieces.filter(({ slot }) => slot !== 3), larger])).toEqual(larger);
});

test("of two covers the cheaper one is read: small pieces by the one who lacks little", () => {
  const merged = range(0, 1, 80, { level: 1, generation: 999, bytes: 50_000 });
  const pieces = Array.from({ length: 8 }, (_, slot) => range(slot, slot * 10 + 1, slot * 10 + 10));
  const slots = [merged, ...pieces];
  expect(coverOf(slots, 75, 80)).toEqual([pieces[7]]);
  expect(coverOf(slots, 1, 80)).toEqual(pieces);
  const cheap = { ...merged, bytes: 8_000 };
  expect(coverOf([cheap, ...pieces], 1, 80)).toEqual([cheap]);
});

test("a cover holds every publication that is listed anywhere, and each segment once", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(12), fc.integer({ min: 1, max: 9_000 })),
        { maxLength: 12 },
      ),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(20),
      (triples, first, count) => {
        const some = triples.map(([start, length, bytes], slot) =>
          range(slot, start, start + length, { bytes, generation: slot + 1 }),
        );
        const holding = (ranges: readonly SlotRange[]): number[] =>
          Array.from({ length: count + 1 }, (_, index) => first + index).filter((n) =>
            ranges.some((one) => one.first <= n && n <= one.last),
          );
        const cover = coverOf(some, first, first + count);
        expect(holding(cover)).toEqual(holding(some));
        expect(new Set(cover).size).toBe(cover.length);
      },
    ),
  );
});
