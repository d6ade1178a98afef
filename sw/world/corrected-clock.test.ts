import { beforeEach, expect, test } from "vitest";
import type { CorrectedClock } from "./corrected-clock.ts";
import { correctedClock } from "./corrected-clock.ts";

const minute = 60_000;
const hour = 60 * minute;

let device: number;
let news: number;
let clock: CorrectedClock;

beforeEach(() => {
  device = 1000 * hour;
  news = 0;
  clock = correctedClock({ now: () => device }, () => news++);
});

/** An answer that took this long, of a server whose clock differs by so much. */
function answer(differsBy: number, tookMs = 100): void {
  const askedAt = clock.now();
  device += tookMs;
  clock.heard(device + differsBy, askedAt);
}

test.each([3, -3, 24 * 365])("a clock that is %i hours ahead is corrected", (hours) => {
  answer(-hours * hour);
  expect(clock.aheadMs).toBe(hours * hour);
  expect(clock.now()).toBe(device - hours * hour);
  expect(news).toBe(1);
});

test.each([0, 4.9 * minute, -4.9 * minute])("%i ms are within what clocks differ by", (ms) => {
  answer(ms);
  expect([clock.aheadMs, news]).toEqual([0, 0]);
});

test("whole seconds and slow networks are no news", () => {
  answer(3 * hour);
  for (const ms of [-900, 900, 20_000]) answer(3 * hour + ms);
  expect(news).toBe(1);
});

test("a clock that is set right needs no correction any more", () => {
  answer(3 * hour);
  device += 3 * hour;
  answer(0);
  expect([clock.aheadMs, news]).toEqual([0, 2]);
});

test("a clock that is set wrong again is corrected again", () => {
  answer(3 * hour);
  answer(5 * hour);
  expect([clock.aheadMs, news]).toEqual([-5 * hour, 2]);
});

test("an answer without a date changes nothing", () => {
  answer(3 * hour);
  clock.heard(Number.NaN, clock.now());
  expect([clock.aheadMs, news]).toEqual([-3 * hour, 1]);
});

test("an answer that was read after a night's sleep says nothing about the clock", () => {
  answer(-8 * hour, 8 * hour);
  expect([clock.aheadMs, news]).toEqual([0, 0]);
});
