/**
 * `npm run simulate -- --seeds N --from S [--jobs J] [--trace SEED] [--mutant NAME] [--mutants] [--crashes] [--promise A,B]`
 *
 * Runs the seeds S to S+N-1; with `--crashes` kills at every call of one scenario instead; with `--mutants` shows that
 * every planted bug is caught. Prints its figures as the last line, and exits 0 only when nothing was violated, nothing
 * that can happen never did, and no mutant survived.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { notYet } from "./run-seed.ts";
import { requests, runBatches } from "./batches.ts";
import { promisesVariable } from "./capabilities.ts";
import { bundleChild } from "./bundle.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { huntMutants } from "./hunt-mutants.ts";
import { mutants } from "./mutants.ts";
import type { BatchRequest } from "./seed-batch.ts";
import { createTotals, violationLines } from "./totals.ts";

/** A child's wasm memory only grows. */
const batchSize = 40;

/** From so many seeds on, everything that can happen must have happened. */
const countersFrom = 500;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    jobs: { type: "string", default: String(availableParallelism()) },
    trace: { type: "string" },
    mutant: { type: "string" },
    mutants: { type: "boolean", default: false },
    promise: { type: "string", default: "" },
    crashes: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const jobs = Number(values.jobs);

/** Number 0, which kills nobody, and two for each call. */
async function countCrashes(bundle: string): Promise<number> {
  let calls = 0;
  await runBatches({
    bundle,
    jobs: 1,
    requests: requests("crashes", 0, 1, 1),
    result(result) {
      ({ calls } = result);
    },
  });
  return 2 * calls;
}

async function runAll(bundle: string, kind: BatchRequest["kind"], count: number): Promise<boolean> {
  const started = performance.now();
  const totals = createTotals();
  const label = kind === "seeds" ? "seed" : "crash";
  await runBatches({
    bundle,
    jobs,
    requests: requests(kind, from, count, batchSize),
    result(result, cpuMs) {
      totals.add(result, cpuMs);
      for (const line of violationLines(label, result)) console.log(line);
    },
  });
  const mustAllHappen = kind === "seeds" && totals.runs >= countersFrom;
  const never = mustAllHappen ? totals.never().filter((name) => !isNotYet(name)) : [];
  if (kind === "seeds") for (const line of totals.counterLines()) console.log(line);
  for (const name of never) console.log(`never happened: ${name}`);
  console.log(totals.summary(kind, performance.now() - started));
  return totals.violations === 0 && never.length === 0;
}

/** What the engine cannot stand yet need not happen. */
function isNotYet(name: string): boolean {
  return notYet().some((kind) => kind === name);
}

async function printTrace(bundle: string, seed: number): Promise<boolean> {
  let isSound = true;
  await runBatches({
    bundle,
    jobs: 1,
    requests: [{ kind: "seeds", from: seed, count: 1, keepTrace: true }],
    result(result) {
      for (const line of result.trace) console.log(line);
      for (const line of violationLines("seed", result)) console.log(line);
      console.log(`seed ${seed}: ${result.hash}, ${result.events} events`);
      isSound = result.violations.length === 0;
    },
  });
  return isSound;
}

function mutantNamed(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`there is no mutant "${name}"`);
  return found;
}

async function main(): Promise<boolean> {
  process.env[promisesVariable] = values.promise;
  if (values.mutants) return huntMutants(from, jobs, values.mutant);
  const mutant = values.mutant === undefined ? null : mutantNamed(values.mutant);
  const bundle = await bundleChild(mutant);
  if (values.trace !== undefined) return printTrace(bundle, Number(values.trace));
  if (values.crashes) return runAll(bundle, "crashes", await countCrashes(bundle));
  return runAll(bundle, "seeds", Number(values.seeds));
}

process.exitCode = (await main()) ? 0 : 1;
