/** A judge: a pure function over what was observed in a run, which says in words what is wrong. */
import type { Observed } from "../observed.ts";

export interface Invariant {
  /** As in the protocol, or the rule's own name. */
  readonly name: string;
  readonly judge: (observed: Observed) => readonly string[];
}
