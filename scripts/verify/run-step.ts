/** Runs one step of `npm run verify` as a process of its own, and counts what it tested. */
import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import type { PlaywrightReport, VitestReport } from "./failures.ts";
import { playwrightFailures, vitestFailures } from "./failures.ts";

export type Environment = Readonly<Record<string, string>>;

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each failed test with the first line of its error, where the runner tells. */
  readonly failures: readonly string[];
}

const onePassed: Counts = { passed: 1, failed: 0, skipped: 0, failures: [] };
const oneFailed: Counts = { passed: 0, failed: 1, skipped: 0, failures: [] };

/** A check without tests of its own: it holds or it does not. */
export async function checkStep(command: string, words: readonly string[]): Promise<Counts> {
  return (await run(command, words)) === 0 ? onePassed : oneFailed;
}

/** Runs all of the unit tests, or those in these folders. */
export async function vitestStep(
  report: string,
  folders: readonly string[] = [],
  environment: Environment = {},
): Promise<Counts> {
  await rm(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await run("vitest", ["run", ...reporters, ...folders], environment);
  const found = (await readReport(report)) as VitestReport | null;
  if (found === null) return oneFailed;
  return atLeastOneFailure(code, {
    passed: found.numPassedTests,
    failed: found.numFailedTests,
    skipped: found.numPendingTests,
    failures: vitestFailures(found),
  });
}

/** Runs one project of the browser tests: all of it, or these files. */
export async function playwrightStep(
  project: string,
  store: "embedded" | "rgw",
  files: readonly string[] = [],
  more: Environment = {},
): Promise<Counts> {
  const report = ["test-results/e2e", project, store, ...Object.values(more)].join("-") + ".json";
  await rm(report, { force: true });
  const environment = { PRESYNC_E2E_STORE: store, PLAYWRIGHT_JSON_OUTPUT_FILE: report, ...more };
  const words = ["test", `--project=${project}`, "--reporter=list,json", ...files];
  const code = await run("playwright", words, environment);
  const found = (await readReport(report)) as PlaywrightReport | null;
  if (found === null) return oneFailed;
  const { expected, unexpected, flaky, skipped } = found.stats;
  const failures = playwrightFailures(found);
  return atLeastOneFailure(code, {
    passed: expected,
    failed: unexpected + flaky,
    skipped,
    failures,
  });
}

/** A runner that ended badly without a failing test has failed all the same; and so has one that ran nothing. */
function atLeastOneFailure(code: number, counts: Counts): Counts {
  const isBad = code !== 0 || counts.passed + counts.failed === 0;
  return isBad && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function readReport(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    return null;
  }
}

function run(
  command: string,
  words: readonly string[],
  environment: Environment = {},
): Promise<number> {
  return new Promise((resolve) => {
    // npm puts the project's own commands onto the path of its scripts.
    const child = spawn(command, words, {
      stdio: "inherit",
      env: { ...process.env, ...environment },
    });
    child.once("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
