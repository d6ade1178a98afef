import { Repo } from "@automerge/automerge-repo";
import { expect, test, vi } from "vitest";
import type { Other } from "../index.ts";
import type { ListDocument } from "./list-document.ts";
import { writeText } from "./list-document.ts";
import { browserName, guestsOf, hues, indexOf, placeAt } from "./visitors.ts";

/** As the package has it, which would have to be built for this. */
vi.mock("presync", async () => ({ Automerge: await import("@automerge/automerge") }));

const other = (state: unknown, more: Partial<Other<unknown>> = {}): Other<unknown> => ({
  replica: null,
  tab: "tab",
  state,
  since: 0,
  isSameBrowser: false,
  ...more,
});

test("what another version says is left out, piece by piece", () => {
  const at = { item: "a", key: "note", cursor: "2@ab" };
  const states = [null, 1, "text", [], {}, { name: 1 }, { name: " " }];
  expect(guestsOf(states.map((state) => other(state)))).toEqual([]);
  const [fine] = guestsOf([other({ name: "Firefox", at })]);
  expect(fine).toMatchObject({ name: "Firefox", at });
  for (const wrong of [1, {}, { ...at, key: "constructor" }, { ...at, cursor: 2 }])
    expect(guestsOf([other({ name: "Firefox", at: wrong })])).toMatchObject([{ at: null }]);
  expect(guestsOf([other({ name: "x".repeat(900) })])[0]!.name).toHaveLength(40);
});

test("somebody has one colour, and a tab of this browser is said to be one", () => {
  const of = (tab: string) =>
    guestsOf([other({ name: "Firefox" }, { tab, isSameBrowser: true })])[0]!;
  expect(of("one")).toEqual(of("one"));
  expect(of("one").name).toBe("Firefox, another tab");
  const used = new Set(Array.from({ length: 200 }, () => of(crypto.randomUUID()).hue));
  expect(used.size).toBe(hues);
});

test("a caret stays at its letter while others write before it", () => {
  const item = { text: "milk", note: "two litres", done: false, createdAt: 0, rank: 1 };
  const list = new Repo().create<ListDocument>({ items: { a: item } });
  const [caret, end] = [placeAt(list, "a", "note", 4), placeAt(list, "a", "note", 10)];
  expect([indexOf(list, caret), indexOf(list, end)]).toEqual([4, 10]);
  writeText(list, "a", "note", "at least two litres, fresh");
  expect([indexOf(list, caret), indexOf(list, end)]).toEqual([13, 26]);
  expect(indexOf(list, { ...caret, cursor: "99@abcdef" })).toBeNull();
  expect(indexOf(list, { ...caret, item: "b" })).toBeNull();
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
    "Chrome on Android",
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Safari on iPhone",
  ],
  ["something else", "Browser"],
])("%s is called %s", (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});
