/**
 * Tells the service what this replica has published. Nothing waits for it, and what fails is not repeated: the others
 * find it by polling.
 */
import { noAnswerCodes, toErrorData } from "../../shared/errors.ts";
import type { HintReport } from "../../shared/hints.ts";
import type { Clock, Timers } from "../engine/world.ts";

/** What is published sooner is told together. */
const reportIntervalMs = 250;

/** A service that is down, or says no, is left in peace while somebody types. */
const restMs = 30_000;
/** One that does not know what it is asked is an earlier one. */
const unknownRestMs = 3_600_000;

export interface Reports {
  /** Whether an answer is being waited for, or soon will be. */
  readonly isUnderWay: boolean;
  published(report: HintReport): void;
  close(): void;
}

export interface ReportsParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly send: (report: HintReport) => Promise<void>;
  /** The service has taken it: on the stream it should be heard of soon. */
  readonly taken: (report: HintReport) => void;
}

export function createReports({ clock, timers, send, taken }: ReportsParts): Reports {
  let latest: HintReport | null = null;
  let isSending = false;
  let sentAt = Number.NEGATIVE_INFINITY;
  let restUntil = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | null = null;
  let isClosed = false;

  const deliver = async (): Promise<void> => {
    cancelTimer = null;
    const report = latest;
    if (report === null || isSending || isClosed) return;
    latest = null;
    isSending = true;
    sentAt = clock.now();
    try {
      await send(report);
      taken(report);
    } catch (error) {
      const { code } = toErrorData(error);
      const isKnown = noAnswerCodes.has(code) || code === "unauthenticated";
      restUntil = clock.now() + (isKnown ? restMs : unknownRestMs);
      latest = null;
    } finally {
      isSending = false;
      schedule();
    }
  };

  const schedule = (): void => {
    if (latest === null || isSending || isClosed || cancelTimer !== null) return;
    const waitMs = Math.min(reportIntervalMs, sentAt + reportIntervalMs - clock.now());
    if (waitMs <= 0) return void deliver();
    cancelTimer = timers.after(waitMs, () => void deliver());
  };

  return {
    get isUnderWay() {
      return isSending || cancelTimer !== null;
    },
    published(report) {
      const restMsLeft = restUntil - clock.now();
      // Longer than there is to rest the clock was set.
      if (restMsLeft > 0 && restMsLeft <= unknownRestMs) return;
      latest = report;
      schedule();
    },
    close() {
      isClosed = true;
      cancelTimer?.();
      cancelTimer = null;
    },
  };
}
