/**
 * How many requests polling may make: a token bucket. Peers are asked for what they may have; what they turn out to
 * have, and what this device writes, is not counted.
 */

/** With a tab in view: each of a few lively peers as often as it deserves. About half a dollar a month on S3. */
const visiblePerMinute = 40;
/** When hints tell of changes, polling only finds what they missed. */
const hintedPerMinute = 1;
/** And when they tell of everything, what was lost on the way. */
const watchedPerMinute = 0.2;
/** With no tab in view, of all peers together. */
const hiddenPerMinute = 1;
/** As the hidden hours go by, down to one an hour. */
const hiddenSilenceShare = 1 / 8;
const hiddenIntervalMsMax: number = 60 * 60 * 1000;

/** What may be saved up: a tab that comes into view asks everybody at once. */
const burstMax = 40;

export interface BudgetConditions {
  readonly visible: boolean;
  readonly hinted: boolean;
  readonly watched: boolean;
  /** Since anything happened: a change, a hint, a tab in view. */
  readonly silenceMs: number;
}

export interface RequestBudget {
  /** Whether a request may be made now; if so it is counted. */
  take(now: number, conditions: BudgetConditions): boolean;
  /** In how many milliseconds one may be made. */
  waitMs(now: number, conditions: BudgetConditions): number;
}

export function createRequestBudget(): RequestBudget {
  let tokens = burstMax;
  let filledAt: number | null = null;

  const fill = (now: number, conditions: BudgetConditions): void => {
    // A clock that was set back fills nothing, and takes nothing away.
    const elapsedMs = Math.max(0, now - (filledAt ?? now));
    filledAt = now;
    const most = conditions.visible ? burstMax : 1;
    tokens = Math.min(most, tokens + elapsedMs / intervalMs(conditions));
  };

  return {
    take(now, conditions) {
      fill(now, conditions);
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
    waitMs(now, conditions) {
      fill(now, conditions);
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * intervalMs(conditions));
    },
  };
}

/** Between two requests, in the long run. */
function intervalMs({ visible, hinted, watched, silenceMs }: BudgetConditions): number {
  const whileHinted = watched ? watchedPerMinute : hintedPerMinute;
  if (visible) return 60_000 / (hinted ? whileHinted : visiblePerMinute);
  const shortest = 60_000 / hiddenPerMinute;
  return Math.min(Math.max(shortest, silenceMs * hiddenSilenceShare), hiddenIntervalMsMax);
}
