/** The run of a seed: its setting, its faults and its story are all drawn from it. */
import type { Layout } from "../../shared/keys.ts";
import { defaultLayout } from "../../shared/keys.ts";
import type { Tuning } from "../engine/tuning.ts";
import { capabilities } from "./capabilities.ts";
import type { FaultKind } from "./faults.ts";
import { createFaults } from "./faults.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";
import { createStory } from "./story.ts";

const stepsMin = 4;
const stepsMore = 6;
const dayMs = 86_400_000;
const shortGrantMsMin = 240_000;
const shortGrantMsMax = 7_200_000;

/** Small ones are full soon: then merges happen, and edits that find no free slot. */
const layouts: readonly Layout[] = [
  defaultLayout,
  { levels: 2, slotsPerLevel: 10 },
  { levels: 2, slotsPerLevel: 3 },
  { levels: 3, slotsPerLevel: 4 },
  { levels: 5, slotsPerLevel: 10 },
];

/** Those that ship, and others with which everything happens sooner. */
const tunings: readonly Partial<Tuning>[] = [
  {},
  {},
  { tailBytesMax: 300, tidyQuietMs: 10_000, emptyPutsShare: 0.3, mergeBytesShare: 0.5 },
  { tailBytesMax: 150, mergeFanOut: 3, tidyQuietMs: 30_000 },
  { tailBytesMax: 400, mergeFanOut: 2, emptyPutsShare: 0.5, mergeBytesShare: 2 },
];

export interface SeedOptions {
  readonly seed: number;
  readonly keepTrace?: boolean;
}

export function runSeed({ seed, keepTrace = false }: SeedOptions): Promise<RunResult> {
  return run({
    number: seed,
    label: `seed ${seed}`,
    keepTrace,
    faultsOf: (random, counters) => createFaults(random, (name) => counters.count(name), notYet()),
    settingOf: (random, faults) => ({
      layout: random.pick(layouts),
      grantLifeMs: faults.hits("short grants")
        ? random.magnitude(shortGrantMsMin, shortGrantMsMax)
        : 7 * dayMs,
      tuning: random.pick(tunings),
    }),
    isKilledAt: (_call, side, faults) =>
      faults.hits(side === "before" ? "killed before the effect" : "killed after the effect"),
    tell: (sim, random) =>
      createStory(sim, random).play(stepsMin + random.fork("length").int(stepsMore)),
  });
}

/** Faults that the engine has no answer to yet. */
export function notYet(): FaultKind[] {
  const kinds: FaultKind[] = [];
  if (!capabilities.readBack) kinds.push("segment corrupted");
  if (!capabilities.readBack || !capabilities.lostSources)
    kinds.push("prefix deleted", "prefix rolled back");
  return kinds;
}
