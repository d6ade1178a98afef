/** Applying costs in proportion to the document, not to the change: it may take this share of the time. */
const pausePerApply = 5;
export const applyPauseMsMax = 5_000;

/** How long a document rests after changes were applied to it, which took so long. */
export function applyPauseMs(tookMs: number): number {
  return Math.min(Math.max(0, tookMs) * pausePerApply, applyPauseMsMax);
}
