import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Namespace } from "../../shared/keys.ts";
import type { ListedObject } from "../store-client.ts";
import { checkHints } from "./settings.ts";
import { createWatcher } from "./watcher.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

const manifest = (namespace: string, lastModified: number): ListedObject => ({
  key: `${namespace}browser-00000a/manifest`,
  bytes: 300,
  etag: "e",
  lastModified,
});

it("begins twenty looks a second at most, in turn, and what was written before a first look is news", async () => {
  const looks: string[] = [];
  const changed: string[] = [];
  const watch = createWatcher({
    config: { hints: checkHints({ watchMs: 1_000 }), now: Date.now },
    store: {
      list: async (prefix) => {
        looks.push(prefix);
        // One that was there before, and one that is written after all have come.
        return [manifest(prefix, prefix === "key:u99/" ? 1_000_001 : 999_999)];
      },
    },
    changed: ({ namespace }) => changed.push(namespace),
  });
  const ends = Array.from({ length: 100 }, (_, n) => watch(`key:u${n}` as Namespace));
  await vi.advanceTimersByTimeAsync(4_999);
  expect(looks).toEqual(Array.from({ length: 100 }, (_, n) => `key:u${n}/`));
  expect(changed).toEqual(["key:u99"]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(looks).toHaveLength(200);
  for (const end of ends) end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks).toHaveLength(200);
});
