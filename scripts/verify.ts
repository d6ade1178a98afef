/**
 * `npm run verify`: everything that must hold before a change is kept, in the order in which it fails fastest. It
 * ends with what failed, and one line that sums up the tests of all runners: `N passed, N failed`. A check without
 * tests of its own (types, lint, …) counts as one.
 */
import { mkdir } from "node:fs/promises";
import { packageChecks } from "./verify/package-checks.ts";
import type { Counts } from "./verify/run-step.ts";
import { checkStep, playwrightStep, vitestStep } from "./verify/run-step.ts";

const results = "test-results";

/** The same ones each time: a change that breaks something is found, and not a neighbour's bad luck. */
const simulated = ["--seeds", "2000", "--from", "1"];
const simulate = (...options: readonly string[]): Promise<Counts> =>
  checkStep("npm", ["run", "--silent", "simulate", "--", ...options]);

/**
 * Everything runs in Chromium and in Firefox. What else they are for is in few files, and the rest would only repeat
 * it: in a Firefox whose workers hardly live, what a worker's end may cost; in WebKit, what every engine must do.
 */
const specs = (...names: readonly string[]): string[] => names.map((name) => `/${name}.spec.ts`);
const mortal = specs("everywhere", "worker", "tabs", "sync", "offline", "users");
/** What another store may answer differently to. */
const stored = [
  ...specs("everywhere", "sync", "worker", "kill", "outage", "users", "secrets"),
  ...specs("stranger", "bad-input"),
];
/** What a client is told by one instance of the service, and another one must know. */
const twoInstances = { PRESYNC_TEST_INSTANCES: "2" };
const service = ["service", "scripts/identity", "scripts/attacks"];
const signIns = specs("github", "email", "sessions");

await mkdir(results, { recursive: true });
const steps: [name: string, run: () => Promise<Counts>][] = [
  ["types and build", () => checkStep("npm", ["run", "--silent", "build"])],
  ["lint", () => checkStep("oxlint", [])],
  ["format", () => checkStep("oxfmt", ["--check"])],
  ["dead code", () => checkStep("knip", [])],
  ["package", packageChecks],
  ["simulation", () => simulate(...simulated)],
  ["simulation, killed at every call", () => simulate("--crashes")],
  ["simulation, planted bugs", () => simulate("--mutants")],
  ["counts, bytes and sizes", () => checkStep("tsx", ["bench/gates.ts"])],
  ["unit tests", () => vitestStep(`${results}/unit.json`)],
  [
    "unit tests of the service, two instances in turn",
    () => vitestStep(`${results}/unit-instances.json`, service, twoInstances),
  ],
  ["Chromium, embedded store", () => playwrightStep("chromium", "embedded")],
  ["Firefox, embedded store", () => playwrightStep("firefox", "embedded")],
  ["impatient Firefox", () => playwrightStep("firefox-impatient", "embedded", mortal)],
  ["WebKit, embedded store", () => playwrightStep("webkit", "embedded")],
  [
    "Chromium, two instances in turn",
    () => playwrightStep("chromium", "embedded", signIns, twoInstances),
  ],
  ["Chromium, Ceph", () => playwrightStep("chromium", "rgw", stored)],
];

const total = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
for (const [name, run] of steps) {
  console.log(`\n== ${name}`);
  const counts = await run();
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  if (counts.failed > 0) failures.push(name, ...counts.failures.map((each) => `  ${each}`));
  console.log(
    `== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
  );
}
if (total.failed > 0) {
  process.exitCode = 1;
  console.log(["", "Failed:", ...failures].join("\n"));
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
