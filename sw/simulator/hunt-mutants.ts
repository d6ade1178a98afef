/**
 * Shows that planted bugs are caught: each is bundled and run over a bounded number of seeds, then over the crash
 * enumeration, until an invariant is violated that the same run of the sound engine does not violate.
 */
import { requests, runBatches } from "./batches.ts";
import { bundleChild } from "./bundle.ts";
import type { Violation } from "./invariants/all.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { mutants } from "./mutants.ts";
import type { RunResult } from "./run.ts";
import type { BatchRequest } from "./seed-batch.ts";

/** Within so many seeds a planted bug must be caught. */
const seedsMax = 300;
const crashesMax = 700;
const batchSize = 10;

interface Catch {
  readonly where: string;
  readonly violation: Violation;
}

interface Hunt {
  readonly jobs: number;
  readonly from: number;
  /** Invariants that the sound engine violates, by run. */
  readonly sound: (kind: BatchRequest["kind"], number: number) => Promise<ReadonlySet<string>>;
}

async function huntIn(
  hunt: Hunt,
  bundle: string,
  kind: BatchRequest["kind"],
): Promise<Catch | null> {
  let caught: Catch | null = null;
  const looks: Promise<void>[] = [];
  const look = async ({ seed, violations }: RunResult): Promise<void> => {
    const sound = await hunt.sound(kind, seed);
    const violation = violations.find(({ invariant }) => !sound.has(invariant));
    if (violation !== undefined) caught ??= { where: `${kind} ${seed}`, violation };
  };
  const [first, count] = kind === "seeds" ? [hunt.from, seedsMax] : [1, crashesMax];
  await runBatches({
    bundle,
    jobs: hunt.jobs,
    requests: requests(kind, first, count, batchSize),
    isEnough: () => caught !== null,
    result(result) {
      if (caught === null && result.violations.length > 0) looks.push(look(result));
    },
  });
  await Promise.all(looks);
  return caught;
}

function soundRuns(bundle: string): Hunt["sound"] {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  const run = async (kind: BatchRequest["kind"], number: number): Promise<ReadonlySet<string>> => {
    const violated = new Set<string>();
    await runBatches({
      bundle,
      jobs: 1,
      requests: requests(kind, number, 1, 1),
      result({ violations }) {
        for (const { invariant } of violations) violated.add(invariant);
      },
    });
    return violated;
  };
  return (kind, number) => {
    const name = `${kind} ${number}`;
    const found = known.get(name) ?? run(kind, number);
    known.set(name, found);
    return found;
  };
}

async function huntOne(hunt: Hunt, mutant: Mutant): Promise<boolean> {
  const bundle = await bundleChild(mutant);
  const caught = (await huntIn(hunt, bundle, "seeds")) ?? (await huntIn(hunt, bundle, "crashes"));
  if (caught === null) console.log(`SURVIVED ${mutant.name}: ${mutant.why}`);
  else {
    const { where, violation } = caught;
    console.log(`caught ${mutant.name}: ${where}, ${violation.invariant}: ${violation.what}`);
  }
  return caught !== null;
}

/** True when none has survived. `only` takes one of them. */
export async function huntMutants(from: number, jobs: number, only?: string): Promise<boolean> {
  const started = performance.now();
  const hunt: Hunt = { jobs, from, sound: soundRuns(await bundleChild(null)) };
  let survivors = 0;
  const chosen = mutants.filter(({ name }) => only === undefined || name === only);
  for (const mutant of chosen) if (!(await huntOne(hunt, mutant))) survivors++;
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${chosen.length} mutants, ${survivors} survived, ${seconds} s`);
  return survivors === 0;
}
