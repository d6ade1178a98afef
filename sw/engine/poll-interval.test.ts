import { expect, test } from "vitest";
import {
  hiddenIntervalMsMin,
  pollIntervalMs,
  pollIntervalMsMax,
  pollIntervalMsMin,
} from "./poll-interval.ts";

const middle = { visible: true, hinted: false, silenceMs: 0, failures: 0, jitter: 0.5 };

test("a lively peer is asked often, a silent one less and less, never less than hourly", () => {
  expect(pollIntervalMs(middle)).toBe(pollIntervalMsMin);
  let last = 0;
  for (let silenceMs = 1_000; silenceMs < 1e9; silenceMs *= 2) {
    const interval = pollIntervalMs({ ...middle, silenceMs });
    expect(interval).toBeGreaterThanOrEqual(last);
    last = interval;
  }
  expect(last).toBe(pollIntervalMsMax);
});

test("hidden tabs ask at most once a minute, falling to once an hour", () => {
  expect(pollIntervalMs({ ...middle, visible: false })).toBe(hiddenIntervalMsMin);
  expect(pollIntervalMs({ ...middle, visible: false, silenceMs: 1e9 })).toBe(pollIntervalMsMax);
});

test("failures double the pause, and jitter spreads it by a fifth", () => {
  expect(pollIntervalMs({ ...middle, failures: 3 })).toBe(8 * pollIntervalMsMin);
  expect(pollIntervalMs({ ...middle, failures: 1_000 })).toBeLessThanOrEqual(pollIntervalMsMax);
  expect(pollIntervalMs({ ...middle, jitter: 0 })).toBeCloseTo(0.9 * pollIntervalMsMin);
  expect(pollIntervalMs({ ...middle, jitter: 1 })).toBeCloseTo(1.1 * pollIntervalMsMin);
});
