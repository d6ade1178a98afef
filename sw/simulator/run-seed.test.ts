import { fork } from "node:child_process";
import { expect, test } from "vitest";
import { bundleChild } from "./bundle.ts";
import { mutants } from "./mutants.ts";
import { pinnedSeeds } from "./pinned-seeds.ts";
import { runCrash } from "./crash-enumeration.ts";
import { runSeed } from "./run-seed.ts";
import { runScenario, scenarios } from "./scenarios.ts";
import type { BatchMessage } from "./seed-batch.ts";

/** One that ends soon. */
const seed = 9;

async function hashInFreshProcess(): Promise<string> {
  const child = fork(await bundleChild(null), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const hash = await new Promise<string>((resolve) => {
    child.on("message", (message: BatchMessage) => {
      if (message.kind === "result") resolve(message.result.hash);
    });
    child.send({ kind: "seeds", from: seed, count: 1, keepTrace: false });
  });
  await new Promise((resolve) => child.on("exit", resolve));
  return hash;
}

test("a seed makes the same run again, after other seeds and in a fresh process", async () => {
  const first = await runSeed({ seed });
  const other = await runSeed({ seed: seed + 1 });
  const again = await runSeed({ seed });
  expect(again.hash).toBe(first.hash);
  expect(other.hash).not.toBe(first.hash);
  expect(first.edits).toBeGreaterThan(0);
  expect(await hashInFreshProcess()).toBe(first.hash);
});

test("the scenario of the crash enumeration is sound as long as nobody is killed", async () => {
  const result = await runCrash(0);
  expect(result?.violations).toEqual([]);
  expect(result?.counts["spilled to a segment"]).toBeGreaterThan(0);
  expect(result?.counts["merged segments"]).toBeGreaterThan(0);
  expect(await runCrash(2 * result!.calls + 1_000)).toBeNull();
});

test("every planted bug still fits its source", async () => {
  for (const mutant of mutants) await expect(bundleChild(mutant)).resolves.toContain("mutant");
});

for (const [index, { name }] of scenarios.entries())
  test(`scenario: ${name}`, async () => {
    const result = await runScenario(index + 1);
    expect(result?.violations).toEqual([]);
  });

for (const { name, seed: pinned, violates } of pinnedSeeds)
  test(`seed ${pinned}: ${name}`, async () => {
    const { violations } = await runSeed({ seed: pinned });
    expect(new Set(violations.map(({ invariant }) => invariant))).toEqual(new Set(violates));
  });
