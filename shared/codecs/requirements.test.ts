/** The specification's format requirements and the tests name each other. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");
const idsIn = (text: string, pattern: RegExp): Set<string> =>
  new Set([...text.matchAll(pattern)].map(([, id = ""]) => id));

const specified = idsIn(textOf("docs/protocol.md"), /^\*\*(F-\d+)/gm);

test("requirements are numbered from 1 on, without gaps and in order", () => {
  expect([...specified]).toEqual(Array.from(specified, (_, index) => `F-${index + 1}`));
});

test("each requirement is held by a test that names it, and tests name no other", () => {
  const tests = readdirSync(new URL("shared", root), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => textOf(`shared/${path}`));
  const named = idsIn([...tests, textOf("shared/vectors/invalid.json")].join("\n"), /(F-\d+)/g);
  expect([...specified].filter((id) => !named.has(id))).toEqual([]);
  expect([...named].filter((id) => !specified.has(id))).toEqual([]);
});
