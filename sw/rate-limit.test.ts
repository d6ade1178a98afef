import { expect, test } from "vitest";
import { createRateLimit } from "./rate-limit.ts";

test("a burst passes, then so many a second", () => {
  const limit = createRateLimit(10, 3);
  const takenAt = (now: number): number => {
    let taken = 0;
    while (limit.take(now)) taken++;
    return taken;
  };
  expect(takenAt(0)).toBe(3);
  expect(takenAt(99)).toBe(0);
  expect(takenAt(200)).toBe(2);
  // What is saved up is a burst, and no more.
  expect(takenAt(60_000)).toBe(3);
});
