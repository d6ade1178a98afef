/**
 * How long to wait before a peer's manifest is looked at again. A request budget is a feature: a peer that was
 * silent for long is asked rarely, and nobody is asked often while no tab is visible, or while hints come.
 */

/** What "somebody is typing over there" should feel like, at a cost of 20 requests a minute. */
export const pollIntervalMsMin = 3_000;
/** With hints, of those who might not be told of. */
const hintedIntervalMsMin = 60_000;
/** With hints of everything: only what was lost on the way is left to find. */
const watchedIntervalMsMin = 300_000;
export const hiddenIntervalMsMin = 60_000;
export const pollIntervalMsMax: number = 60 * 60 * 1000;

/** The interval grows with the silence: after a silence of 8 s it is still the shortest, after 8 min a minute. */
const silenceShare = 1 / 8;

/** Spreads the requests of many devices that were switched on at the same moment. */
const jitterShare = 0.2;

export interface PollConditions {
  readonly visible: boolean;
  /** A channel of hints is open: changes are told of, polling only finds what was missed. */
  readonly hinted: boolean;
  /** And it tells of every change, whoever made it. */
  readonly watched: boolean;
  /** Since the peer's manifest last changed, or since something suggested that it might have. */
  readonly silenceMs: number;
  /** Failures in a row. */
  readonly failures: number;
  /** Uniform in [0, 1). */
  readonly jitter: number;
}

export function pollIntervalMs(conditions: PollConditions): number {
  const { silenceMs, failures, jitter } = conditions;
  const quiet = Math.max(shortestMs(conditions), silenceMs * silenceShare);
  const backedOff = quiet * 2 ** Math.min(failures, 10);
  const bounded = Math.min(backedOff, pollIntervalMsMax);
  return bounded * (1 + jitterShare * (jitter - 0.5));
}

function shortestMs({ visible, hinted, watched }: PollConditions): number {
  if (!visible) return hiddenIntervalMsMin;
  if (!hinted) return pollIntervalMsMin;
  return watched ? watchedIntervalMsMin : hintedIntervalMsMin;
}
