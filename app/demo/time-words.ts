/** Times and sizes in words a person reads at a glance. */

const minuteMs = 60_000;
const hourMs: number = 60 * minuteMs;
const dayMs: number = 24 * hourMs;

/** How long ago, or in how long; anything within a minute is "just now", as clocks differ. */
export function relativeTime(time: number, now: number): string {
  const ms = time - now;
  const distance = Math.abs(ms);
  if (distance < minuteMs) return "just now";
  const [unitMs, unit] = unitFor(distance);
  // What is to come is rounded: a week from now must not read "in 6 days" a moment later.
  if (ms > 0) return `in ${countWords(Math.round(distance / unitMs), unit)}`;
  return `${countWords(Math.floor(distance / unitMs), unit)} ago`;
}

/** How long something is, rounded. */
export function durationWords(ms: number): string {
  const [unitMs, unit] = unitFor(ms);
  return countWords(Math.round(ms / unitMs), unit);
}

function unitFor(ms: number): [number, string] {
  if (ms < hourMs) return [minuteMs, "minute"];
  return ms < dayMs ? [hourMs, "hour"] : [dayMs, "day"];
}

const clock = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** Date and time of day, in the device's time zone. */
export function clockTime(time: number): string {
  return clock.format(time);
}

/** Decimal units, as operating systems show them. */
export function sizeWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  const digits = at > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${bytes === 1 ? "byte" : units[at]}`;
}

export function countWords(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
