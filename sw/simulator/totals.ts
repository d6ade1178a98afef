/** Adds up what runs have to say, and prints it. */
import type { RunResult } from "./run.ts";
import { faultKinds } from "./faults.ts";

export interface Totals {
  add(result: RunResult, cpuMs: number): void;
  readonly runs: number;
  readonly violations: number;
  /** Names of what was never counted. */
  never(): string[];
  counterLines(): string[];
  /** The figures, in one line. */
  summary(label: string, tookMs: number): string;
}

/** More of one run would only hide the first ones. */
const shownMax = 4;

export function createTotals(): Totals {
  const counts = new Map<string, number>();
  let [runs, events, virtualMs, edits, kills, violations, cpu] = [0, 0, 0, 0, 0, 0, 0];
  return {
    add(result, cpuMs) {
      runs++;
      cpu += cpuMs;
      events += result.events;
      virtualMs += result.virtualMs;
      edits += result.edits;
      kills += result.kills;
      violations += result.violations.length;
      for (const [name, count] of Object.entries(result.counts))
        counts.set(name, (counts.get(name) ?? 0) + count);
    },
    get runs() {
      return runs;
    },
    get violations() {
      return violations;
    },
    never: () => [...counts].filter(([, count]) => count === 0).map(([name]) => name),
    counterLines: () =>
      [...counts].map(([name, count]) => `  ${String(count).padStart(8)}  ${name}`),
    summary(label, tookMs) {
      const isFault = new Set<string>(faultKinds);
      const faults = [...counts].reduce(
        (sum, [name, count]) => sum + (isFault.has(name) ? count : 0),
        0,
      );
      return (
        `${runs} ${label}, ${events} events, ${Math.round(virtualMs / 3_600_000)} virtual hours, ` +
        `${edits} edits, ${kills} kills, ${faults} faults, ${violations} violations, ` +
        `${(tookMs / 1_000).toFixed(1)} s (${(cpu / Math.max(1, runs)).toFixed(0)} ms of CPU each)`
      );
    },
  };
}

export function violationLines(label: string, { seed, violations }: RunResult): string[] {
  const shown = violations
    .slice(0, shownMax)
    .map(({ invariant, what }) => `${label} ${seed}: ${invariant}: ${what}`);
  const more = violations.length - shownMax;
  return more > 0 ? [...shown, `${label} ${seed}: … and ${more} more`] : shown;
}
