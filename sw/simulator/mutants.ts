/**
 * Planted bugs: each breaks one rule of the protocol, and the simulator must catch it. The text to be replaced is kept
 * short, because it must stand in its file exactly once, and the engine changes.
 */
import { healingMutants } from "./mutants/healing.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { readingMutants } from "./mutants/reading.ts";
import { slotMutants } from "./mutants/slots.ts";
import { writingMutants } from "./mutants/writing.ts";

export const mutants: readonly Mutant[] = [
  ...writingMutants,
  ...slotMutants,
  ...readingMutants,
  ...healingMutants,
];
