/**
 * `npm run bench`, or `npm run bench -- --only <name>`: measures presync beside its peers. Prints tables, keeps
 * `bench/results/`, and writes the results into `bench/README.md`.
 */
import { execFileSync, fork } from "node:child_process";
import { parseArgs } from "node:util";
import type { MeasureName } from "./measures/all.ts";
import { isMeasureName, measureNames } from "./measures/all.ts";
import { writeReadme } from "./report/readme.ts";

/** Far more than any of them needs; a hang still ends. */
const measureMsMax = 10 * 60 * 1000;

/**
 * Node 20 (V8 11.3) now and then dies of "unreachable code" in its deoptimizer where optimized code has calls into wasm
 * inlined, after many thousands of them. Without the inlining it does not. Children hand it on to theirs.
 */
const nodeFlags = ["--no-turbo-inline-js-wasm-calls"];

const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
if (only !== undefined && !isMeasureName(only)) {
  console.error(`--only takes one of: ${measureNames.join(", ")}`);
  process.exit(2);
}
for (const name of only === undefined ? measureNames : [only]) {
  const startedAt = performance.now();
  const code = await runMeasure(name);
  console.log(`\n(${name}: ${Math.round((performance.now() - startedAt) / 1000)} s)`);
  if (code !== 0) process.exitCode = 1;
}
await writeReadme();
// What is generated is formatted like everything else.
execFileSync("node_modules/.bin/oxfmt", ["bench/README.md", "bench/results"]);

function runMeasure(name: MeasureName): Promise<number> {
  const child = fork(new URL("measure-process.ts", import.meta.url), [name], {
    timeout: measureMsMax,
    execArgv: [...process.execArgv, ...nodeFlags],
  });
  return new Promise((resolve) => void child.once("exit", (code) => resolve(code ?? 1)));
}
