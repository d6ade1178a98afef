import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { onlyTheHash } from "./only-the-hash.ts";

test("what is left of fast-sha256 is SHA-256, and shorter", async () => {
  const source = await readFile("node_modules/fast-sha256/sha256.js", "utf8");
  const contents = onlyTheHash(source);
  expect(contents.length).toBeLessThan(source.length * 0.7);
  const url = `data:text/javascript,${encodeURIComponent(contents)}`;
  const { hash } = (await import(/* @vite-ignore */ url)) as {
    hash: (bytes: Uint8Array) => Uint8Array;
  };
  for (const length of [...Array(200).keys(), 1000, 65_536, 1_000_003]) {
    const bytes = randomBytes(length);
    const expected = createHash("sha256").update(bytes).digest("hex");
    expect(Buffer.from(hash(bytes)).toString("hex")).toBe(expected);
  }
});

test("another version of it is noticed", () => {
  expect(() => onlyTheHash("exports.hash = hash;")).toThrow("is not what it was");
});
