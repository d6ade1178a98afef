/**
 * A hybrid logical clock (Kulkarni, Demirbas et al., "Logical Physical Clocks", 2014): times that are close to the
 * wall clock, and that never run backwards along a chain of causes, whatever the wall clocks do. A manifest carries
 * one. It orders and shows; nothing is decided by it, because a clock can be wrong by years.
 *
 * The functions are pure; whoever keeps the clock keeps its newest time on disk.
 */
import { PresyncError } from "./errors.ts";

export interface LogicalTime {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** Tells times of one millisecond apart. */
  readonly counter: number;
}

/** Year 10889: 48 bits, twelve hex digits. */
export const wallMsMax: number = 2 ** 48 - 1;
export const counterMax: number = 2 ** 16 - 1;

/**
 * How far another clock may be ahead. What is further ahead is a wrong clock: it is reported, and not followed,
 * or one device set to the next century would take everybody along.
 */
export const driftMsMax: number = 5 * 60 * 1000;

/** The beginning of time. */
export const startTime: LogicalTime = { wallMs: 0, counter: 0 };

/**
 * The time of a local event: later than `last`, and not before `now` (milliseconds since 1970). Only the last
 * time there is has none after it, and is given again.
 */
export function tick(last: LogicalTime, now: number): LogicalTime {
  const wallMs = wallOf(now);
  return wallMs > last.wallMs ? { wallMs, counter: 0 } : successor(last);
}

/**
 * The time of having heard of `remote`: later than it and than `last`. A remote time too far ahead changes
 * nothing; `isDrifting` says so.
 */
export function merge(last: LogicalTime, remote: LogicalTime, now: number): LogicalTime {
  const latest = isDrifting(remote, now) || compareTimes(remote, last) <= 0 ? last : remote;
  return tick(latest, now);
}

/** Whether the one who wrote `remote` had a clock that is ahead of ours by more than a clock should be. */
export function isDrifting(remote: LogicalTime, now: number): boolean {
  return remote.wallMs - wallOf(now) > driftMsMax;
}

/** Negative, zero or positive, as for `Array.sort`. */
export function compareTimes(a: LogicalTime, b: LogicalTime): number {
  return a.wallMs - b.wallMs || a.counter - b.counter;
}

export function isLogicalTime({ wallMs, counter }: LogicalTime): boolean {
  return isWithin(wallMs, wallMsMax) && isWithin(counter, counterMax);
}

/** Sixteen hex digits; the order of the strings is the order of the times. */
export function packTime(time: LogicalTime): string {
  if (!isLogicalTime(time)) throw new PresyncError("internal", "a logical time out of its range");
  const { wallMs, counter } = time;
  return wallMs.toString(16).padStart(12, "0") + counter.toString(16).padStart(4, "0");
}

/** Throws `malformed`. */
export function unpackTime(packed: string): LogicalTime {
  if (!/^[0-9a-f]{16}$/.test(packed))
    throw new PresyncError("malformed", "a text that is no logical time");
  return {
    wallMs: Number.parseInt(packed.slice(0, 12), 16),
    counter: Number.parseInt(packed.slice(12), 16),
  };
}

/** A counter that is full goes on in the next millisecond. */
function successor({ wallMs, counter }: LogicalTime): LogicalTime {
  if (counter < counterMax) return { wallMs, counter: counter + 1 };
  return wallMs < wallMsMax ? { wallMs: wallMs + 1, counter: 0 } : { wallMs, counter };
}

/** A clock that gives no number tells nothing: it neither moves us nor lets anybody else move us. */
function wallOf(now: number): number {
  return Number.isFinite(now) ? Math.min(Math.max(Math.floor(now), 0), wallMsMax) : 0;
}

function isWithin(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}
