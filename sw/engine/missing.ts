/**
 * When a replica is lost: its manifest is absent, or older than one that was integrated, in two looks at least ten
 * minutes apart. Less than that is a late PUT, or a store in trouble, and its owner mends it.
 *
 *     present --missing--> missing since t --missing at t + 10 min or later--> lost
 *        ^                      |
 *        '------ present -------'
 */

export const lostAfterMs: number = 10 * 60 * 1000;

export type Sight = "present" | "missing";

export interface Absence {
  /** Milliseconds since 1970. */
  readonly since: number | null;
  readonly isLost: boolean;
}

export function afterLook(since: number | null, sight: Sight, now: number): Absence {
  if (sight === "present") return { since: null, isLost: false };
  // A clock that was set back begins anew: nothing is hastened by a clock.
  if (since === null || since > now) return { since: now, isLost: false };
  return { since, isLost: now - since >= lostAfterMs };
}
