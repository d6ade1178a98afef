/** Which line a manifest is of, by the generations and nonces it tells. */
import { describe, expect, test } from "vitest";
import type { Manifest, Stretch } from "../../shared/codecs/manifest.ts";
import { lineMax } from "../../shared/codecs/manifest.ts";
import { bytesToHex } from "../../shared/hex.ts";
import { continueLine, isOfOtherLine } from "./line.ts";

const nonceOf = (seed: number): Uint8Array => new Uint8Array(8).fill(seed);
const hexOf = (seed: number): string => bytesToHex(nonceOf(seed));

/** Incarnation `n` has the nonce of seed `n`; the line is given as each incarnation's first generation. */
function manifestOf(
  incarnation: number,
  firsts: readonly [seed: number, from: number][],
): Manifest {
  let line: readonly Stretch[] = [];
  let before: { readonly nonce: Uint8Array } | null = null;
  for (const [seed, from] of firsts) {
    const nonce = nonceOf(seed);
    line = continueLine(line, before, from, nonce);
    before = { nonce };
  }
  return { incarnation, nonce: nonceOf(firsts.at(-1)?.[0] ?? incarnation), line } as Manifest;
}

const readBy = (seed: number, generation: number, incarnation = seed) => ({
  generation,
  writer: { incarnation, nonce: hexOf(seed) },
});

describe("O-5 the line of a manifest", () => {
  const manifest = manifestOf(9, [
    [3, 10],
    [5, 20],
    [9, 30],
  ]);

  test.each([
    ["of the same incarnation", 9, 31],
    ["of an earlier one, in its stretch", 5, 29],
    ["of the oldest that is told", 3, 10],
  ])("a manifest %s is of this line", (_, seed, generation) => {
    expect(isOfOtherLine(readBy(seed, generation), manifest)).toBe(false);
  });

  test.each([
    ["of a clone with a lower count of starts", 5, 30],
    ["of a clone that nobody lists", 7, 25],
    ["of a later incarnation, before its stretch", 9, 29],
  ])("a manifest %s is of another", (_, seed, generation) => {
    expect(isOfOtherLine(readBy(seed, generation), manifest)).toBe(true);
  });

  test("before what is told, only the count of starts speaks", () => {
    expect(isOfOtherLine(readBy(7, 9, 2), manifest)).toBe(false);
    expect(isOfOtherLine(readBy(7, 9, 9), manifest)).toBe(true);
    expect(isOfOtherLine(readBy(7, 9, 10), manifest)).toBe(true);
    expect(isOfOtherLine(readBy(7, 99, 2), { ...manifest, line: [] })).toBe(false);
  });

  test("an incarnation has one stretch, and the newest are kept", () => {
    let line: readonly Stretch[] = [];
    let before: { readonly nonce: Uint8Array } | null = null;
    for (let seed = 1; seed <= lineMax + 3; seed++)
      for (const generation of [seed * 10, seed * 10 + 1]) {
        const nonce = nonceOf(seed);
        line = continueLine(line, before, generation, nonce);
        before = { nonce };
      }
    expect(line.map(({ from }) => from)).toEqual(
      Array.from({ length: lineMax }, (_, index) => (index + 4) * 10),
    );
  });

  test("a line that somebody has not gone on with begins anew", () => {
    const line = continueLine([], null, 1, nonceOf(1));
    const written = continueLine(line, { nonce: nonceOf(2) }, 8, nonceOf(3));
    expect(written.map(({ from }) => from)).toEqual([8]);
  });
});
