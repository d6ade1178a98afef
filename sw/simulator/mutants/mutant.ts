/** A planted bug: a piece of a source file, and what stands in its place. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The rule that is broken. */
  readonly why: string;
  /** Runs that are known to catch it; they are tried first. */
  readonly caughtBy: Catchers;
}

export interface Catchers {
  readonly seeds?: readonly number[];
  /** Numbers of the crash enumeration. */
  readonly crashes?: readonly number[];
  /** Names of scenarios: see `scenarios.ts`. */
  readonly scenarios?: readonly string[];
}

export const engine = "sw/engine";
