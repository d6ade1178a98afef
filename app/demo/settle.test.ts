import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSettled } from "./settle.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function record(): { readonly shown: number[]; readonly set: (value: number) => void } {
  const shown: number[] = [];
  const set = createSettled<number>(
    (value) => shown.push(value),
    (value) => value,
    100,
  );
  return { shown, set };
}

test("the first value, the worse and the equal show at once", () => {
  const { shown, set } = record();
  for (const value of [0, 1, 1, 3]) set(value);
  expect(shown).toEqual([0, 1, 1, 3]);
});

test("the better shows once it has lasted", () => {
  const { shown, set } = record();
  set(3);
  set(1);
  vi.advanceTimersByTime(99);
  expect(shown).toEqual([3]);
  vi.advanceTimersByTime(1);
  expect(shown).toEqual([3, 1]);
});

test("the better that did not last never shows", () => {
  const { shown, set } = record();
  set(1);
  for (let count = 0; count < 5; count++) {
    set(0);
    vi.advanceTimersByTime(50);
    set(1);
  }
  vi.advanceTimersByTime(1000);
  expect(new Set(shown)).toEqual(new Set([1]));
});
