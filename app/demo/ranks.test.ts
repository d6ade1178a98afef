import { describe, expect, test } from "vitest";
import type { Ranked } from "./ranks.ts";
import { byRank, rankAtEnd, ranksToMove } from "./ranks.ts";

const ranked = (ranks: Record<string, number>): Ranked[] =>
  Object.entries(ranks)
    .map(([id, rank]) => ({ id, rank }))
    .toSorted(byRank);

/** The ids in order, after moving one of them. */
function moved(items: readonly Ranked[], id: string, to: number): string {
  return ids(applied(items, ranksToMove(items, id, to)));
}

function applied(items: readonly Ranked[], ranks: ReadonlyMap<string, number>): Ranked[] {
  return items
    .map((item) => ({ id: item.id, rank: ranks.get(item.id) ?? item.rank }))
    .toSorted(byRank);
}

const ids = (items: readonly Ranked[]): string => items.map(({ id }) => id).join("");

describe("a move", () => {
  const letters = ["a", "b", "c", "d"];
  const items = ranked({ a: 10, b: 20, c: 30, d: 40 });

  test("leads anywhere, and writes one rank", () => {
    for (const id of letters)
      for (const to of [0, 1, 2, 3]) {
        const rest = letters.filter((other) => other !== id);
        expect(moved(items, id, to)).toBe(rest.toSpliced(to, 0, id).join(""));
        expect(ranksToMove(items, id, to).size).toBe(letters[to] === id ? 0 : 1);
      }
  });

  test("beyond the ends, or of an item that is gone, is none", () => {
    expect(ranksToMove(items, "a", -1).size).toBe(0);
    expect(ranksToMove(items, "d", 4).size).toBe(0);
    expect(ranksToMove(items, "x", 1).size).toBe(0);
  });

  test("between equal ranks spreads all of them", () => {
    expect(moved(ranked({ a: 5, b: 5, c: 5 }), "c", 1)).toBe("acb");
  });

  test("may be repeated without end", () => {
    let order = ranked({ a: Date.now(), b: Date.now() + 1, c: Date.now() + 2 });
    for (let count = 0; count < 500; count++) {
      const id = order[2]!.id;
      const before = order[0]!.id;
      order = applied(order, ranksToMove(order, id, 1));
      expect(ids(order).slice(0, 2)).toBe(before + id);
    }
  });

  test("of different items on two devices keeps both wishes", () => {
    const both = new Map([...ranksToMove(items, "a", 3), ...ranksToMove(items, "d", 0)]);
    expect(ids(applied(items, both))).toBe("dbca");
  });
});

describe("a new item", () => {
  test("comes last, even behind one from the future", () => {
    expect(rankAtEnd([], 100)).toBe(100);
    expect(rankAtEnd(ranked({ a: 50 }), 100)).toBe(100);
    expect(rankAtEnd(ranked({ a: 500 }), 100)).toBeGreaterThan(500);
  });
});
