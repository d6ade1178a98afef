/**
 * The format's rules, told a second time: contents that keep them and contents that do not are made up field by
 * field, and written by a writer that checks nothing. The decoder must take exactly those that keep the rules, which
 * are computed here in exact integers and apart from the codecs.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesToHex, hexToBytes } from "../hex.ts";
import { codeOf } from "./arbitraries.ts";
import { ByteWriter, compareBytes } from "./bytes.ts";
import { decodeManifest, encodeManifest } from "./manifest.ts";

/** Most of the time the first, which breaks no rule by itself. */
const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    ...others.map((value) => ({ weight: 1, arbitrary: fc.constant(value) })),
  );
/** Each of some in turn, now and then one of them again, or before its time. */
const some = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.subarray([...values]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...values), { maxLength: 3 }) },
  );

const max = Number.MAX_SAFE_INTEGER;
const replicas = ["browser-00000a", "node-00000a", "node-00000b"];
const notReplicas = ["browser-00000A", "node-0000a", "\u00ef\u00bb\u00bfnode-00000a", ""];
const idsOf = (length: number): string[] => [1, 2, 3].map((byte) => `0${byte}`.repeat(length));

/** The fields as they are written, in their order. */
const contents = fc.record({
  replica: mostly("browser-00000a", ...notReplicas),
  wallMs: mostly(5, 2 ** 48 - 1, 2 ** 48, max),
  counter: mostly(5, 65_535, 65_536),
  first: mostly(50, 0, 1, 2, max - 1, max),
  count: mostly(2, 0, 1, 3, max),
  documents: some(idsOf(16)).chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          flags: fc.constantFrom(0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 128),
          heads: some(idsOf(32)),
          chunks: mostly<readonly string[]>(["aa"], [], ["aa", "bbcc"], [""], ["aa", ""]),
        }),
      ),
    ),
  ),
  slots: some([0, 1, 8, 2047, 2048]).chain((places) =>
    fc.tuple(
      ...places.map((place) =>
        fc.record({
          place: fc.constant(place),
          step: mostly(1, 0, 5, max),
          distance: mostly(0, 1, 48, 49, max),
          more: mostly(0, 1, 47, 48, max),
          bytes: mostly(900, 0, 2 ** 26, 2 ** 26 + 1),
        }),
      ),
    ),
  ),
  fledFrom: some(replicas),
  adopted: some(replicas),
  wants: some(idsOf(16)),
  unreadable: some(replicas),
  /** The steps from each stretch to the next; an empty list is written all the same. */
  line: mostly<readonly number[] | null>(
    null,
    [1],
    [5, 1],
    [],
    [0],
    [3, 0],
    [1, max - 1],
    [1, max],
  ),
});
type Content = typeof contents extends fc.Arbitrary<infer T> ? T : never;

function write(content: Content): Uint8Array {
  const out = new ByteWriter();
  const letters = (text: string): void =>
    out.sized(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
  const hex = (text: string): void => out.raw(hexToBytes(text));
  letters(content.replica);
  out.varint(1);
  hex("00".repeat(8));
  out.varint(content.wallMs);
  out.varint(content.counter);
  out.varint(0);
  out.varint(content.first);
  out.varint(content.count);
  out.list(content.documents, ({ id, flags, heads, chunks }) => {
    hex(id);
    out.byte(flags);
    out.varint(0);
    out.list(heads, hex);
    out.list(chunks, (chunk) => out.sized(hexToBytes(chunk)));
  });
  out.list(content.slots, ({ place, step, distance, more, bytes }) => {
    for (const value of [place, step, distance, more, bytes]) out.varint(value);
  });
  out.list(content.fledFrom, letters);
  const replicaAt7 = (replica: string): void => {
    letters(replica);
    out.varint(7);
  };
  out.list(content.adopted, replicaAt7);
  out.list(content.wants, hex);
  out.list(content.unreadable, replicaAt7);
  if (content.line !== null)
    out.list(content.line, (step) => {
      out.varint(step);
      hex("abcdef01");
    });
  return out.finish();
}

function isLine(steps: readonly number[] | null): boolean {
  if (steps === null) return true;
  const end = steps.reduce((sum, step) => sum + BigInt(step), 0n);
  return steps.length > 0 && !steps.includes(0) && end < 2n ** 53n;
}

/** The rules that the content breaks, by their number in the specification. */
function broken(content: Content): string[] {
  const isOnce = (items: readonly unknown[]): boolean => new Set(items).size === items.length;
  const isAscending = (items: readonly string[]): boolean =>
    isOnce(items) && items.join() === items.toSorted().join();
  const [first, count] = [BigInt(content.first), BigInt(content.count)];
  let generation = 0n;
  const slotsKept = content.slots.map(({ place, step, distance, more, bytes }) => {
    generation += BigInt(step);
    const begin = first - 1n - BigInt(distance) - BigInt(more);
    return (
      step > 0 && generation < 2n ** 53n && begin >= 1n && place < 2048 && bytes <= 64 * 1024 * 1024
    );
  });
  const kept: Readonly<Record<string, boolean>> = {
    "F-2": replicas.includes(content.replica),
    "F-21": content.wallMs < 2 ** 48 && content.counter < 65_536,
    "F-15":
      first >= 1n &&
      first + count - 1n < 2n ** 53n &&
      (count > 0n || content.documents.length === 0),
    "F-16": isAscending(content.documents.map(({ id }) => id)),
    "F-17": content.documents.every(({ heads }) => isAscending(heads)),
    "F-18": content.documents.every(
      ({ flags, chunks }) => flags <= 1 && chunks.length >= flags && !chunks.includes(""),
    ),
    "F-22": !slotsKept.includes(false) && isOnce(content.slots.map(({ place }) => place)),
    "F-23": [content.fledFrom, content.adopted, content.unreadable].every(isOnce),
    "F-24": isAscending(content.wants) && isLine(content.line),
  };
  return Object.keys(kept).filter((rule) => kept[rule] === false);
}

test("F-2 F-15 F-16 F-17 F-18 F-21 F-22 F-23 F-24 exactly what keeps the rules is read", async () => {
  const counts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(contents, async (content) => {
      const bytes = write(content);
      const rules = broken(content);
      const what = rules.length > 1 ? "several" : (rules[0] ?? "none");
      counts.set(what, (counts.get(what) ?? 0) + 1);
      expect(await codeOf(() => decodeManifest(bytes))).toBe(
        rules.length > 0 ? "malformed" : "none",
      );
      if (rules.length > 0) return;
      const manifest = decodeManifest(bytes);
      expect(compareBytes(encodeManifest(manifest), bytes)).toBe(0);
      expect(manifest.tail.first).toBe(content.first);
      expect(manifest.tail.documents.map(({ whole }) => whole)).toEqual(
        content.documents.map(({ flags }) => flags === 1),
      );
      expect(manifest.slots.map(({ level, slot }) => slot * 8 + level)).toEqual(
        content.slots.map(({ place }) => place),
      );
      expect(manifest.fledFrom).toEqual(content.fledFrom);
      expect(manifest.wants.map((id) => bytesToHex(id))).toEqual(content.wants);
      expect(manifest.unreadable).toEqual(
        content.unreadable.map((replica) => ({ replica, generation: 7 })),
      );
      const steps = manifest.line.map(({ from }, index, all) => from - (all[index - 1]?.from ?? 0));
      expect(steps).toEqual(content.line ?? []);
    }),
    { numRuns: 4_000 },
  );
  // Each rule was broken alone, and often enough none was.
  expect([...counts.keys()].toSorted()).toEqual(
    [
      "several",
      "none",
      "F-2",
      "F-15",
      "F-16",
      "F-17",
      "F-18",
      "F-21",
      "F-22",
      "F-23",
      "F-24",
    ].toSorted(),
  );
  expect(counts.get("none")).toBeGreaterThan(100);
});
