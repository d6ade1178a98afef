/**
 * Shows that planted bugs are caught: each is bundled and given to the runs that are known to catch it, and where those
 * do not any more to a bounded number of seeds, until an invariant is violated that the same run of the sound engine
 * does not violate.
 */
import { requests, runBatches } from "./batches.ts";
import { bundleChild } from "./bundle.ts";
import type { Violation } from "./invariants/all.ts";
import { mutants } from "./mutants.ts";
import type { Mutant } from "./mutants/mutant.ts";
import type { RunResult } from "./run.ts";
import { scenarios } from "./scenarios.ts";
import type { BatchRequest } from "./seed-batch.ts";

/** Within so many seeds a planted bug must be caught whose known runs have changed. */
const seedsMax = 200;
const batchSize = 10;

/** Of what a judge says, so many characters are shown. */
const whatMax = 120;

interface Catch {
  readonly where: string;
  readonly violation: Violation;
}

interface Hunt {
  readonly from: number;
  /** Invariants that the sound engine violates, by run. */
  readonly sound: (kind: BatchRequest["kind"], number: number) => Promise<ReadonlySet<string>>;
}

async function huntIn(
  hunt: Hunt,
  bundle: string,
  asked: readonly BatchRequest[],
): Promise<Catch | null> {
  let caught: Catch | null = null;
  const looks: Promise<void>[] = [];
  const look = async (
    kind: BatchRequest["kind"],
    { seed, violations }: RunResult,
  ): Promise<void> => {
    const sound = await hunt.sound(kind, seed);
    const violation = violations.find(({ invariant }) => !sound.has(invariant));
    if (violation !== undefined) caught ??= { where: nameOf(kind, seed), violation };
  };
  for (const request of asked) {
    await runBatches({
      bundle,
      jobs: 1,
      requests: [request],
      result(result) {
        if (caught === null && result.violations.length > 0) looks.push(look(request.kind, result));
      },
    });
    await Promise.all(looks);
    if (caught !== null) break;
  }
  return caught;
}

function nameOf(kind: BatchRequest["kind"], number: number): string {
  if (kind === "scenarios") return `scenario "${scenarios[number - 1]?.name}"`;
  return kind === "seeds" ? `seed ${number}` : `crash ${number}`;
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

/** The runs that have caught it before. */
function knownRuns({ name, caughtBy }: Mutant): BatchRequest[] {
  const named = (caughtBy.scenarios ?? []).map((wanted) => {
    const at = scenarios.findIndex((scenario) => scenario.name === wanted);
    if (at < 0) throw new Error(`${name}: there is no scenario "${wanted}"`);
    return at + 1;
  });
  return [
    ...named.flatMap((number) => requests("scenarios", number, 1, 1)),
    ...(caughtBy.seeds ?? []).flatMap((number) => requests("seeds", number, 1, 1)),
    ...(caughtBy.crashes ?? []).flatMap((number) => requests("crashes", number, 1, 1)),
  ];
}

async function huntOne(hunt: Hunt, mutant: Mutant): Promise<boolean> {
  const bundle = await bundleChild(mutant);
  const known = await huntIn(hunt, bundle, knownRuns(mutant));
  const caught =
    known ?? (await huntIn(hunt, bundle, requests("seeds", hunt.from, seedsMax, batchSize)));
  if (caught === null) {
    console.log(`SURVIVED ${mutant.name}: ${mutant.why}`);
    return false;
  }
  const { where, violation } = caught;
  const hint = known === null ? " (new: caughtBy is out of date)" : "";
  console.log(
    `caught ${mutant.name}: ${where}${hint}, ${violation.invariant}: ${violation.what.slice(0, whatMax)}`,
  );
  return true;
}

/** True when none has survived. `only` takes one of them. */
export async function huntMutants(from: number, jobs: number, only?: string): Promise<boolean> {
  const started = performance.now();
  const hunt: Hunt = { from, sound: soundRuns(await bundleChild(null)) };
  let survivors = 0;
  const chosen = mutants.filter(({ name }) => only === undefined || name === only);
  const waiting = [...chosen];
  const work = async (): Promise<void> => {
    for (;;) {
      const mutant = waiting.shift();
      if (mutant === undefined) return;
      if (!(await huntOne(hunt, mutant))) survivors++;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${chosen.length} mutants, ${survivors} survived, ${seconds} s`);
  return survivors === 0;
}
