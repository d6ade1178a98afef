/**
 * The child process of the simulator: runs a batch of seeds, tells its parent of each, and ends. The memory of wasm never
 * shrinks, so no child lives long. With `mutants.ts` its bundle is made of sources with a bug planted in them.
 */
import { runCrash } from "./crash-enumeration.ts";
import type { RunResult } from "./run.ts";
import { runSeed } from "./run-seed.ts";
import { runScenario } from "./scenarios.ts";

/** What the parent asks for: seeds, kills at one call after the other, or scenarios. */
export interface BatchRequest {
  readonly kind: "seeds" | "crashes" | "scenarios";
  readonly from: number;
  readonly count: number;
  readonly keepTrace: boolean;
}

export type BatchMessage =
  | { readonly kind: "result"; readonly result: RunResult; readonly cpuMs: number }
  | { readonly kind: "done" };

async function run(request: BatchRequest): Promise<void> {
  const { kind, from, count, keepTrace } = request;
  for (let number = from; number < from + count; number++) {
    const before = process.cpuUsage();
    const result = await runOne(kind, number, keepTrace);
    const { user, system } = process.cpuUsage(before);
    if (result === null) break;
    await send({ kind: "result", result, cpuMs: (user + system) / 1_000 });
  }
  await send({ kind: "done" });
}

function runOne(
  kind: BatchRequest["kind"],
  number: number,
  keepTrace: boolean,
): Promise<RunResult | null> {
  if (kind === "seeds") return runSeed({ seed: number, keepTrace });
  return kind === "crashes" ? runCrash(number, keepTrace) : runScenario(number, keepTrace);
}

/** Resolves when the parent has it: a trace is long, and must not be cut by the end of the child. */
function send(message: BatchMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

process.on("message", (request: BatchRequest) => {
  run(request).then(
    () => process.disconnect(),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
      process.disconnect();
    },
  );
});
