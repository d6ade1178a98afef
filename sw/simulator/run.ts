/** One run: a story, phase two, the judgement. Everything that happens in it follows from its label and its faults. */
import "@automerge/automerge";
import type { Layout } from "../../shared/keys.ts";
import type { Tuning } from "../engine/tuning.ts";
import { createBucketModel } from "./bucket-model.ts";
import type { Call, Context, Side } from "./context.ts";
import type { Counters } from "./counters.ts";
import { createCounters } from "./counters.ts";
import type { KillSwitch } from "./create-simulation.ts";
import { createSimulation } from "./create-simulation.ts";
import { describe } from "./describe.ts";
import type { Faults } from "./faults.ts";
import type { Violation } from "./invariants/all.ts";
import { judgeAll } from "./invariants/all.ts";
import { createObserved } from "./observed.ts";
import { bringToRest } from "./phase-two.ts";
import type { SeededRandom } from "./random.ts";
import { createRandom } from "./random.ts";
import { recoverTwice } from "./recovery.ts";
import { createScheduler } from "./scheduler.ts";
import { createSignerModel } from "./signer-model.ts";
import type { Simulation } from "./simulation.ts";
import { addDevice } from "./story.ts";
import { createTrace } from "./trace.ts";
import { withVirtualGlobals } from "./virtual-globals.ts";

/** Some day in 2027: what matters is that it is always the same. */
const epochMs = 1_800_000_000_000;

/** Of a run that was recovered from too often, the rest would only cost time. */
const recoveriesMax = 2;

export interface RunResult {
  /** The seed, or the number of the crash. */
  readonly seed: number;
  readonly hash: string;
  readonly events: number;
  /** Calls of interfaces. */
  readonly calls: number;
  readonly virtualMs: number;
  readonly edits: number;
  readonly kills: number;
  readonly counts: Record<string, number>;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
}

export interface Setting {
  readonly layout: Layout;
  readonly grantLifeMs: number;
  readonly tuning: Partial<Tuning>;
}

export interface RunOptions {
  readonly number: number;
  readonly label: string;
  readonly keepTrace: boolean;
  readonly faultsOf: (random: SeededRandom, counters: Counters) => Faults;
  readonly settingOf: (random: SeededRandom, faults: Faults) => Setting;
  readonly isKilledAt: (call: Call, side: Side, faults: Faults) => boolean;
  readonly tell: (sim: Simulation, random: SeededRandom) => Promise<void>;
}

export async function run(options: RunOptions): Promise<RunResult> {
  const random = createRandom(options.label);
  const scheduler = createScheduler(epochMs);
  const trace = createTrace(options.keepTrace);
  const counters = createCounters();
  const observed = createObserved();
  const faults = options.faultsOf(random.fork("faults"), counters);
  let [calls, kills] = [0, 0];
  const killSwitch: KillSwitch = { kill: () => undefined };
  const setting = options.settingOf(random.fork("setting"), faults);
  const context: Context = {
    tuning: setting.tuning,
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
    isKilledAt: (call, side) => options.isKilledAt(call, side, faults),
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
      const signer = createSignerModel({
        ...setting,
        random: random.fork("signer"),
        reservedCount: 1,
      });
      observed.signerNamespace = signer.namespace;
      const sim = createSimulation(context, createBucketModel(), signer, killSwitch);
      await options.tell(sim, random.fork("story"));
      await bringToRest(sim, () => {
        const cold = addDevice(sim, random.fork("cold"));
        cold.registry.isSignedIn = true;
        return cold;
      });
      if (options.keepTrace) for (const line of describe(sim)) trace.add(context.elapsed(), line);
      for (const { name, clock } of sim.devices)
        observed.putForward.push(...clock.forwardAt.map((at) => ({ device: name, at })));
      for (const device of sim.devices) sim.stop(device, "killed");
      for (const device of sim.remembered.slice(-recoveriesMax)) await recoverTwice(sim, device);
    });
  } finally {
    process.off("unhandledRejection", uncaught);
  }
  return {
    seed: options.number,
    hash: trace.hash(),
    events: scheduler.ran,
    calls,
    virtualMs: context.elapsed(),
    edits: observed.edits.length,
    kills,
    counts: counters.all(),
    violations: judgeAll(observed),
    trace: trace.lines,
  };
}
