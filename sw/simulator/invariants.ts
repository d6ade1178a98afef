/** The judges: each a pure function over what was observed, which says in words what is wrong. */
import type { Observed } from "./observed.ts";

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

export interface Invariant {
  readonly name: string;
  readonly judge: (observed: Observed) => readonly string[];
}

export const invariants: readonly Invariant[] = [
  {
    name: "I1 device",
    judge: (o) => o.inspections.flatMap((i) => i.missing.map((m) => `${i.device} lost ${m}`)),
  },
  { name: "I2", judge: (o) => o.unrest },
  { name: "I4", judge: (o) => o.trespasses },
  { name: "uncaught", judge: (o) => o.uncaught },
];

export function judgeAll(observed: Observed): Violation[] {
  return invariants.flatMap(({ name, judge }) =>
    judge(observed).map((what) => ({ invariant: name, what })),
  );
}
