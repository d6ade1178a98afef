import { expect, test } from "vitest";
import { createRandom } from "./random.ts";
import { createScheduler } from "./scheduler.ts";
import { withVirtualGlobals } from "./virtual-globals.ts";

test("events run in the order of their times, ties in the order in which they were scheduled", async () => {
  const scheduler = createScheduler(1_000);
  const seen: string[] = [];
  for (const [name, delayMs] of [
    ["c", 5],
    ["a", 1],
    ["d", 5],
    ["b", 3],
  ] as const)
    scheduler.after(delayMs, () => seen.push(`${name} ${scheduler.now}`));
  scheduler.after(2, () => seen.push("never"))();
  await scheduler.runUntil(2_000);
  expect(seen).toEqual(["a 1001", "b 1003", "c 1005", "d 1005"]);
  expect(scheduler.now).toBe(2_000);
  expect(scheduler.ran).toBe(4);
});

test("between two events every microtask runs, those included that microtasks add", async () => {
  const scheduler = createScheduler(0);
  const seen: string[] = [];
  scheduler.after(1, () => {
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => seen.push("microtask"));
  });
  scheduler.after(1, () => seen.push("event"));
  await scheduler.runUntil(10);
  expect(seen).toEqual(["microtask", "event"]);
});

test("while a run goes on, time and randomness are the run's, and afterwards the world's", async () => {
  const drawn = async (): Promise<unknown[]> => {
    const scheduler = createScheduler(5_000);
    return withVirtualGlobals(scheduler, createRandom("x"), async () => {
      const seen: unknown[] = [Date.now(), new Date().getTime(), performance.now(), Math.random()];
      seen.push(crypto.getRandomValues(new Uint8Array(4)).join(), crypto.randomUUID());
      setTimeout(() => seen.push(Date.now()), 86_400_000);
      clearTimeout(setTimeout(() => seen.push("never"), 1));
      await scheduler.runUntil(90_000_000);
      return seen;
    });
  };
  const before = [Date, setTimeout, Math.random, crypto.getRandomValues];
  const first = await drawn();
  expect(first.slice(0, 3)).toEqual([5_000, 5_000, 5_000]);
  expect(first.at(-1)).toBe(86_405_000);
  expect(await drawn()).toEqual(first);
  expect([Date, setTimeout, Math.random, crypto.getRandomValues]).toEqual(before);
  expect(Date.now()).toBeGreaterThan(1_000_000_000_000);
});
