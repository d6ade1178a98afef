import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  defaultLayout,
  isNamespace,
  isReplicaId,
  manifestName,
  objectKey,
  objectNames,
  parseNamespace,
  parseReplicaId,
  segmentName,
} from "./keys.ts";

const refusal: unknown = expect.objectContaining({ code: "invalid-argument" });

/** What a URL would read as another key, or a store as another prefix. */
const hostileTexts = [
  "",
  ".",
  "..",
  "key:",
  ":a",
  "key:a/b",
  "key:a/../b",
  "key:..",
  "key:%2e%2e",
  "key:a%2Fb",
  "key:a b",
  "key:a\n",
  "\nkey:a",
  "key:a\0",
  "key:ä",
  "key:a:b",
  "Key:a",
  "k:a",
  "@service",
  "@service:a",
  `key:${"a".repeat(129)}`,
  `${"a".repeat(17)}:a`,
  "browser-",
  "browser-12345",
  "browser-1234567G",
  "browser-ABCDEF",
  "browser-123456\n",
  "browser-123456/..",
  "tablet-123456",
  `node-${"0".repeat(33)}`,
];

describe("namespaces", () => {
  it.each(["github:583231", "email:0a1b", "key:aB-_9", "space:x", `key:${"a".repeat(128)}`])(
    "may be %s",
    (text) => {
      expect(parseNamespace(text)).toBe(text);
    },
  );

  it.each([...hostileTexts, "browser-123456", 7, null, undefined, {}, ["key:a"]])(
    "may not be %j",
    (value) => {
      expect(isNamespace(value)).toBe(false);
      expect(() => parseNamespace(value)).toThrow(refusal);
    },
  );
});

describe("replica ids", () => {
  it.each(["browser-123456", "node-0123456789ab", `node-${"f".repeat(32)}`])(
    "may be %s",
    (text) => {
      expect(parseReplicaId(text)).toBe(text);
    },
  );

  it.each([...hostileTexts, "key:a", 7, null, undefined, {}, ["browser-123456"]])(
    "may not be %j",
    (value) => {
      expect(isReplicaId(value)).toBe(false);
      expect(() => parseReplicaId(value)).toThrow(refusal);
    },
  );

  it("and namespaces have no letter that a URL path would take for something else", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom("key:", "browser-", ""), (text, start) => {
        const value = start + text;
        fc.pre(isNamespace(value) || isReplicaId(value));
        expect(new URL(`http://host/${value}/x`).pathname).toBe(`/${value}/x`);
      }),
    );
  });
});

describe("object names", () => {
  it("stand in the order that grants rely on", () => {
    const names = objectNames(defaultLayout);
    expect(names.slice(0, 4)).toEqual(["manifest", "signal", "seg/0/0", "seg/0/1"]);
    expect(names).toHaveLength(52);
    expect(names.at(-1)).toBe("seg/4/9");
    expect(objectNames({ levels: 2, slotsPerLevel: 3 })).toEqual([
      manifestName,
      "signal",
      ...[0, 1].flatMap((level) => [0, 1, 2].map((slot) => segmentName(level, slot))),
    ]);
  });

  it.each([
    [0, 10],
    [1, 2],
    [-1, -10],
    [1.5, 10],
    [1, Number.NaN],
    [1, Number.POSITIVE_INFINITY],
    [2, 129],
    [9, 10],
    [257, 3],
    ["1", 10],
    [undefined, 10],
  ])("are refused for %s levels of %s slots", (levels, slotsPerLevel) => {
    const layout = { levels, slotsPerLevel } as { levels: number; slotsPerLevel: number };
    expect(() => objectNames(layout)).toThrow(refusal);
  });

  it("become keys below namespace and replica", () => {
    const key = objectKey(parseNamespace("key:a"), parseReplicaId("browser-123456"), "seg/0/1");
    expect(key).toBe("key:a/browser-123456/seg/0/1");
  });
});
