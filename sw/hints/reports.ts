/**
 * Tells the service what this replica has published. Nothing waits for it: whatever fails, the others find it by polling.
 */
import type { HintReport } from "../../shared/hints.ts";
import type { Clock, Timers } from "../engine/world.ts";

/** What is published sooner is told together. */
const reportIntervalMs = 250;

/** A service that is down, or says no, is left in peace while somebody types; then it is told once what is newest. */
const restMs = 30_000;

export interface Reports {
  /** Whether an answer is being waited for, or soon will be. */
  readonly isUnderWay: boolean;
  published(report: HintReport): void;
  /** The service answers: there is no reason to rest. */
  hasten(): void;
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
  /** What failed is tried a second time, and no third. */
  let isSecond = false;
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
      isSecond = false;
      taken(report);
    } catch {
      restUntil = clock.now() + restMs;
      if (!isSecond) latest ??= report;
      isSecond = latest === report;
    } finally {
      isSending = false;
      schedule();
    }
  };

  const restMsLeft = (): number => {
    const leftMs = restUntil - clock.now();
    // Longer than there is to rest the clock was set.
    return leftMs <= restMs ? leftMs : 0;
  };

  const schedule = (): void => {
    if (latest === null || isSending || isClosed || cancelTimer !== null) return;
    const spacedMs = Math.min(reportIntervalMs, sentAt + reportIntervalMs - clock.now());
    const waitMs = Math.max(spacedMs, restMsLeft());
    if (waitMs <= 0) return void deliver();
    cancelTimer = timers.after(waitMs, () => void deliver());
  };

  return {
    get isUnderWay() {
      return isSending || (cancelTimer !== null && restMsLeft() <= 0);
    },
    published(report) {
      latest = report;
      isSecond = false;
      schedule();
    },
    hasten() {
      if (restMsLeft() <= 0) return;
      restUntil = Number.NEGATIVE_INFINITY;
      cancelTimer?.();
      cancelTimer = null;
      schedule();
    },
    close() {
      isClosed = true;
      cancelTimer?.();
      cancelTimer = null;
    },
  };
}
