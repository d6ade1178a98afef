/** What every part of one run shares. */
import type { Tuning } from "../engine/tuning.ts";
import type { Counters } from "./counters.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { Observed } from "./observed.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";

/** One call of an interface, as it is numbered and traced. */
export interface Call {
  readonly number: number;
  readonly life: Life;
  /** `disk.commit`, `bucket.put`, … */
  readonly name: string;
}

export type Side = "before" | "after";

export interface Context {
  /** Numbers of the engine that are not the usual ones in this run. */
  readonly tuning: Partial<Tuning>;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly counters: Counters;
  readonly faults: Faults;
  readonly observed: Observed;
  /** Virtual milliseconds since the run began. */
  elapsed(): number;
  /** Numbers a call. */
  begin(life: Life, name: string, detail: string): Call;
  /** Whether that incarnation is to be killed on this side of the call's effect. */
  isKilledAt(call: Call, side: Side): boolean;
  /** Kills an incarnation; `landing` says what becomes of its transactions that are under way. */
  kill(life: Life, landing: "none" | "some"): void;
}
