/** The list of what is wrong right now: each problem enters when it is first seen and leaves when it is mended. */
import { toErrorData } from "../../shared/errors.ts";
import type { Problem } from "../../shared/status.ts";
import type { Clock } from "./world.ts";

/** A list nobody can read helps nobody; the oldest stay, because they are the likelier causes. */
const problemsMax = 50;

export interface Problems {
  /** `subject` names what is wrong, within presync: there is one problem for each. */
  report(subject: string, error: unknown): void;
  resolve(subject: string): void;
  list(): readonly Problem[];
}

export function createProblems(clock: Clock, changed: () => void): Problems {
  const problems = new Map<string, Problem>();

  return {
    report(subject, error) {
      const { code, key } = toErrorData(error);
      const known = problems.get(subject);
      if (known?.code === code) return;
      if (known === undefined && problems.size >= problemsMax) return;
      const since = known?.since ?? clock.now();
      problems.set(subject, key === undefined ? { code, since } : { code, since, key });
      changed();
    },
    resolve(subject) {
      if (problems.delete(subject)) changed();
    },
    list: () => [...problems.values()],
  };
}
