import { expect, test } from "vitest";
import {
  hiddenIntervalMsMin,
  pollIntervalMs,
  pollIntervalMsMax,
  pollIntervalMsMin,
} from "./poll-interval.ts";

const middle = {
  visible: true,
  hinted: false,
  watched: false,
  silenceMs: 0,
  failures: 0,
  jitter: 0.5,
};

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

test("with hints a lively peer is asked once a minute, and less where they tell of everything", () => {
  const hinted = { ...middle, hinted: true };
  expect(pollIntervalMs(hinted)).toBe(60_000);
  expect(pollIntervalMs({ ...hinted, watched: true })).toBe(300_000);
  // Without a channel it does not matter what it would tell.
  expect(pollIntervalMs({ ...middle, watched: true })).toBe(pollIntervalMsMin);
  // A silent one is asked no more often than without.
  const silenceMs = 4 * 3_600_000;
  expect(pollIntervalMs({ ...hinted, silenceMs })).toBe(pollIntervalMs({ ...middle, silenceMs }));
});

test("failures double the pause, and jitter spreads it by a fifth", () => {
  expect(pollIntervalMs({ ...middle, failures: 3 })).toBe(8 * pollIntervalMsMin);
  expect(pollIntervalMs({ ...middle, failures: 1_000 })).toBeLessThanOrEqual(pollIntervalMsMax);
  expect(pollIntervalMs({ ...middle, jitter: 0 })).toBeCloseTo(0.9 * pollIntervalMsMin);
  expect(pollIntervalMs({ ...middle, jitter: 1 })).toBeCloseTo(1.1 * pollIntervalMsMin);
});
