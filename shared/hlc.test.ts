import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogicalTime } from "./hlc.ts";
import {
  compareTimes,
  counterMax,
  driftMsMax,
  isDrifting,
  isLogicalTime,
  merge,
  packTime,
  startTime,
  tick,
  unpackTime,
  wallMsMax,
} from "./hlc.ts";

const lastTime: LogicalTime = { wallMs: wallMsMax, counter: counterMax };
/** Close together as often as far apart, so that equal walls and full counters occur. */
const times = fc.record({
  wallMs: fc.oneof(fc.nat(3), fc.nat(wallMsMax), fc.constant(wallMsMax)),
  counter: fc.oneof(fc.nat(3), fc.nat(counterMax), fc.constant(counterMax)),
});
/** Everything a clock may say, sensible or not. */
const clocks = fc.oneof(
  fc.nat(wallMsMax),
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0.5, -0),
);
const later = (time: LogicalTime, than: LogicalTime): boolean => compareTimes(time, than) > 0;
const notTheLast = (time: LogicalTime): boolean => later(lastTime, time);

describe("F-30 a packed time", () => {
  test("comes back", () => {
    fc.assert(
      fc.property(times, (time) => {
        expect(unpackTime(packTime(time))).toEqual(time);
      }),
    );
  });

  test("has one spelling", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{16}$/), (packed) => {
        expect(packTime(unpackTime(packed))).toBe(packed);
      }),
    );
  });

  test("sorts as the times do", () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const [x, y] = [packTime(a), packTime(b)];
        const order = x < y ? -1 : x > y ? 1 : 0;
        expect(Math.sign(compareTimes(a, b))).toBe(order);
      }),
    );
  });

  test.each(["", "0", `${"0".repeat(15)}A`, "0".repeat(17), `${"0".repeat(16)}\n`, " ".repeat(16)])(
    "is not %j",
    (text) => {
      expect(() => unpackTime(text)).toThrow(expect.objectContaining({ code: "malformed" }));
    },
  );

  test.each([
    { wallMs: -1, counter: 0 },
    { wallMs: 0.5, counter: 0 },
    { wallMs: Number.NaN, counter: 0 },
    { wallMs: wallMsMax + 1, counter: 0 },
    { wallMs: 0, counter: -1 },
    { wallMs: 0, counter: counterMax + 1 },
    { wallMs: 0, counter: Number.POSITIVE_INFINITY },
  ])("is not made of %j", (time) => {
    expect(isLogicalTime(time)).toBe(false);
    expect(() => packTime(time)).toThrow(expect.objectContaining({ code: "internal" }));
  });
});

describe("F-31 a tick", () => {
  test("is later than the time before, whatever the clock says", () => {
    fc.assert(
      fc.property(times.filter(notTheLast), clocks, (last, now) => {
        const next = tick(last, now);
        expect(isLogicalTime(next)).toBe(true);
        expect(later(next, last)).toBe(true);
      }),
    );
  });

  test("is never before the clock, and takes its time where it may", () => {
    fc.assert(
      fc.property(times, fc.nat(wallMsMax), (last, now) => {
        const next = tick(last, now);
        expect(next.wallMs).toBeGreaterThanOrEqual(now);
        if (now > last.wallMs) expect(next).toEqual({ wallMs: now, counter: 0 });
      }),
    );
  });

  test("goes on counting while the clock stands, or was set back", () => {
    const last = tick(startTime, 1_000_000);
    expect(tick(last, 1_000_000)).toEqual({ wallMs: 1_000_000, counter: 1 });
    expect(tick(last, 400)).toEqual({ wallMs: 1_000_000, counter: 1 });
    expect(tick(tick(last, 400), 1_000_001.9)).toEqual({ wallMs: 1_000_001, counter: 0 });
  });

  test("of a full counter is in the next millisecond", () => {
    expect(tick({ wallMs: 7, counter: counterMax }, 7)).toEqual({ wallMs: 8, counter: 0 });
  });

  test("of the last time there is gives it again: no time runs backwards", () => {
    expect(tick(lastTime, 7)).toEqual(lastTime);
    expect(tick({ wallMs: wallMsMax, counter: 3 }, 7)).toEqual({ wallMs: wallMsMax, counter: 4 });
    expect(tick(startTime, 1e300)).toEqual({ wallMs: wallMsMax, counter: 0 });
  });
});

describe("F-32 having heard of another's time", () => {
  test("is later than it and than the own, unless it drifts", () => {
    fc.assert(
      fc.property(
        times.filter(notTheLast),
        times.filter(notTheLast),
        clocks,
        (last, remote, now) => {
          const merged = merge(last, remote, now);
          expect(isLogicalTime(merged)).toBe(true);
          expect(later(merged, last)).toBe(true);
          if (!isDrifting(remote, now)) expect(later(merged, remote)).toBe(true);
        },
      ),
    );
  });

  test("changes nothing where it drifts", () => {
    fc.assert(
      fc.property(times, times, clocks, (last, remote, now) => {
        if (isDrifting(remote, now)) expect(merge(last, remote, now)).toEqual(tick(last, now));
      }),
    );
  });

  test("drifts from five minutes ahead on", () => {
    const now = 1_700_000_000_000;
    const ahead = { wallMs: now + driftMsMax, counter: counterMax };
    expect(isDrifting(ahead, now)).toBe(false);
    expect(isDrifting({ wallMs: ahead.wallMs + 1, counter: 0 }, now)).toBe(true);
    expect(isDrifting(startTime, now)).toBe(false);
  });

  test("grows along any chain of causes", () => {
    const steps = fc.array(fc.record({ writer: fc.nat(2), reader: fc.nat(2), now: clocks }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, (all) => {
        const newest = [startTime, startTime, startTime];
        for (const { writer, reader, now } of all) {
          const sent = tick(newest[writer]!, now);
          newest[writer] = sent;
          const heard = merge(newest[reader]!, sent, now);
          // Only what drifts, or has no time after it, may be passed by.
          if (!isDrifting(sent, now) && notTheLast(sent)) expect(later(heard, sent)).toBe(true);
          newest[reader] = heard;
        }
      }),
    );
  });
});

describe("F-33 a clock that gives no number", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "such as %s moves nothing",
    (now) => {
      const last = { wallMs: 1_700_000_000_000, counter: 3 };
      expect(tick(last, now)).toEqual({ ...last, counter: 4 });
      const remote = { wallMs: 4_000_000_000_000, counter: 0 };
      expect(isDrifting(remote, now)).toBe(true);
      expect(merge(last, remote, now)).toEqual({ ...last, counter: 4 });
    },
  );

  test("or one before 1970 is one that says 1970", () => {
    expect(tick(startTime, -5)).toEqual({ wallMs: 0, counter: 1 });
    expect(isDrifting({ wallMs: driftMsMax + 1, counter: 0 }, -1e12)).toBe(true);
    expect(isDrifting({ wallMs: driftMsMax, counter: 0 }, -1e12)).toBe(false);
  });
});
