import { expect, test } from "vitest";
import { countWords, relativeTime, sizeWords } from "./time-words.ts";

const now = Date.UTC(2025, 5, 1, 12);
const minuteMs = 60_000;

test.each([
  [0, "just now"],
  [-59_999, "just now"],
  [59_999, "just now"],
  [-minuteMs, "1 minute ago"],
  [-59 * minuteMs, "59 minutes ago"],
  [-60 * minuteMs, "1 hour ago"],
  [-47 * 60 * minuteMs, "1 day ago"],
  [-400 * 24 * 60 * minuteMs, "400 days ago"],
  [7 * 24 * 60 * minuteMs - 1000, "in 7 days"],
])("%d ms from now is %s", (ms, words) => {
  expect(relativeTime(now + ms, now)).toBe(words);
});

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1_000, "1.0 kB"],
  [9_960, "10 kB"],
  [999_600, "1.0 MB"],
  [2_147_483_648, "2.1 GB"],
])("%d bytes are %s", (bytes, words) => {
  expect(sizeWords(bytes)).toBe(words);
});

test("nouns are counted", () => {
  expect(countWords(1, "change")).toBe("1 change");
  expect(countWords(0, "change")).toBe("0 changes");
});
