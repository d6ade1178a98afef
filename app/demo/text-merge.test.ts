import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editBetween, mapPosition, mergeTexts } from "./text-merge.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "😀", "😁"), maxLength: 12 });

describe("the edit between two texts", () => {
  test("makes the second out of the first, and splits no character", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { start, end, insert } = editBetween(before, after);
        expect(before.slice(0, start) + insert + before.slice(end)).toBe(after);
        for (const part of [insert, before.slice(start, end)])
          expect(part.isWellFormed()).toBe(true);
      }),
    );
  });

  test("is small", () => {
    expect(editBetween("milk", "milky")).toEqual({ start: 4, end: 4, insert: "y" });
    expect(editBetween("aa", "aaa")).toEqual({ start: 2, end: 2, insert: "a" });
    expect(editBetween("same", "same")).toEqual({ start: 4, end: 4, insert: "" });
    expect(editBetween("😀", "😁")).toEqual({ start: 0, end: 2, insert: "😁" });
  });
});

describe("a merge", () => {
  test("keeps both sides", () => {
    expect(mergeTexts("buy milk", "buy oat milk", "buy milk and tea")).toBe("buy oat milk and tea");
    expect(mergeTexts("one two", "one", "ONE two")).toBe("ONE");
    expect(mergeTexts("", "mine", "theirs")).toContain("mine");
    expect(mergeTexts("", "mine", "theirs")).toContain("theirs");
  });

  test("with a side that did nothing is the other side", () => {
    fc.assert(
      fc.property(text, text, (base, changed) => {
        expect(mergeTexts(base, changed, base)).toBe(changed);
        expect(mergeTexts(base, base, changed)).toBe(changed);
      }),
    );
  });

  test("never loses what was written in between, nor splits a character", () => {
    fc.assert(
      fc.property(text, text, text, (base, mine, theirs) => {
        const merged = mergeTexts(base, mine, theirs);
        expect(merged).toContain(editBetween(base, mine).insert);
        expect(merged.isWellFormed()).toBe(true);
      }),
    );
  });
});

test("a caret stays with its neighbours", () => {
  const edit = editBetween("buy milk", "please buy milk");
  expect(mapPosition(edit, 0)).toBe(0);
  expect(mapPosition(edit, 4)).toBe(11);
  expect(mapPosition(editBetween("buy milk", "buy milk!"), 4)).toBe(4);
  expect(mapPosition(editBetween("buy oat milk", "buy milk"), 6)).toBe(4);
});
