/** One run: everything that one seed makes happen, and the judgement. */
import "@automerge/automerge";
import { defaultLayout } from "../../shared/keys.ts";
import type { Layout } from "../../shared/keys.ts";
import { createBucketModel } from "./bucket-model.ts";
import { capabilities } from "./capabilities.ts";
import type { Call, Context, Side } from "./context.ts";
import { createCounters } from "./counters.ts";
import type { KillSwitch } from "./create-simulation.ts";
import { createSimulation } from "./create-simulation.ts";
import { describe } from "./describe.ts";
import type { FaultKind } from "./faults.ts";
import { createFaults } from "./faults.ts";
import type { Violation } from "./invariants/all.ts";
import { judgeAll } from "./invariants/all.ts";
import { createObserved } from "./observed.ts";
import { bringToRest } from "./phase-two.ts";
import { createRandom } from "./random.ts";
import { createScheduler } from "./scheduler.ts";
import { createSignerModel } from "./signer-model.ts";
import { addDevice, createStory } from "./story.ts";
import { createTrace } from "./trace.ts";
import { withVirtualGlobals } from "./virtual-globals.ts";

/** Some day in 2027: what matters is that it is always the same. */
const epochMs = 1_800_000_000_000;
const stepsMin = 5;
const stepsMore = 8;
const dayMs = 86_400_000;

const layouts: readonly Layout[] = [
  defaultLayout,
  { levels: 2, slotsPerLevel: 10 },
  { levels: 2, slotsPerLevel: 3 },
  { levels: 3, slotsPerLevel: 4 },
  { levels: 5, slotsPerLevel: 10 },
];

export interface RunResult {
  readonly seed: number;
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly edits: number;
  readonly kills: number;
  readonly counts: Record<string, number>;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
}

export interface RunOptions {
  readonly seed: number;
  readonly keepTrace?: boolean;
}

export async function runSeed({ seed, keepTrace = false }: RunOptions): Promise<RunResult> {
  const random = createRandom(`seed ${seed}`);
  const scheduler = createScheduler(epochMs);
  const trace = createTrace(keepTrace);
  const counters = createCounters();
  const observed = createObserved();
  const faults = createFaults(random.fork("faults"), (name) => counters.count(name), notYet());
  let calls = 0;
  let kills = 0;
  const killSwitch: KillSwitch = { kill: () => undefined };
  const context: Context = {
    scheduler,
    random: random.fork("world"),
    trace,
    counters,
    faults,
    observed,
    elapsed: () => scheduler.now - epochMs,
    begin(life, name, detail): Call {
      const number = ++calls;
      trace.add(context.elapsed(), `${number} ${life.name} ${name} ${detail}`);
      return { number, life, name };
    },
    isKilledAt: (_call, side: Side) =>
      faults.hits(side === "before" ? "killed before the effect" : "killed after the effect"),
    kill(life, landing) {
      kills++;
      killSwitch.kill(life, landing);
    },
  };
  const uncaught = (error: unknown): void => {
    observed.uncaught.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on("unhandledRejection", uncaught);
  try {
    await withVirtualGlobals(scheduler, random.fork("globals"), async () => {
      const draws = random.fork("setting");
      const signer = createSignerModel({
        random: draws.fork("signer"),
        layout: draws.pick(layouts),
        grantLifeMs: faults.hits("short grants") ? draws.magnitude(240_000, 7_200_000) : 7 * dayMs,
        reservedCount: 1,
      });
      observed.signerNamespace = signer.namespace;
      const sim = createSimulation(context, createBucketModel(), signer, killSwitch);
      const story = createStory(sim, random.fork("story"));
      await story.play(stepsMin + draws.int(stepsMore));
      await bringToRest(sim, () => {
        const cold = addDevice(sim, random.fork("cold"));
        cold.registry.isSignedIn = true;
        return cold;
      });
      if (keepTrace) for (const line of describe(sim)) trace.add(context.elapsed(), line);
      for (const device of sim.devices) sim.stop(device, "killed");
    });
  } finally {
    process.off("unhandledRejection", uncaught);
  }
  return {
    seed,
    hash: trace.hash(),
    events: scheduler.ran,
    virtualMs: context.elapsed(),
    edits: observed.edits.length,
    kills,
    counts: counters.all(),
    violations: judgeAll(observed),
    trace: trace.lines,
  };
}

/** Faults that the engine has no answer to yet. */
function notYet(): FaultKind[] {
  const kinds: FaultKind[] = [];
  if (!capabilities.readBack) kinds.push("segment corrupted");
  if (!capabilities.readBack || !capabilities.lostSources)
    kinds.push("prefix deleted", "prefix rolled back");
  return kinds;
}
