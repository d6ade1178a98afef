/** Planted bugs: each breaks one rule, and the simulator must catch it. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The rule that is broken. */
  readonly why: string;
}

export const mutants: readonly Mutant[] = [];
