/**
 * Stories for what hardly ever happens by chance. Each is told once, with no other fault than its own, and judged like
 * every run.
 */
import type { Layout } from "../../shared/keys.ts";
import { defaultLayout } from "../../shared/keys.ts";
import { createNoFaults } from "./faults.ts";
import type { Tuning } from "../engine/tuning.ts";
import type { SeededRandom } from "./random.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";
import { betweenNeighbours } from "./scenarios/between-neighbours.ts";
import { cloneWhileWriting } from "./scenarios/clone-while-writing.ts";
import { complainedOf } from "./scenarios/complained-of.ts";
import { deletedPrefix } from "./scenarios/deleted-prefix.ts";
import { emptiedInbox } from "./scenarios/emptied-inbox.ts";
import { emptyQueue } from "./scenarios/empty-queue.ts";
import { incompleteReplacement } from "./scenarios/incomplete-replacement.ts";
import { lateSegment } from "./scenarios/late-segment.ts";
import { lateTwin } from "./scenarios/late-twin.ts";
import { leftMark } from "./scenarios/left-mark.ts";
import { offlineWriter } from "./scenarios/offline-writer.ts";
import { replacedOnce } from "./scenarios/replaced-once.ts";
import { lostStorage } from "./scenarios/lost-storage.ts";
import { mendedSegment } from "./scenarios/mended-segment.ts";
import { reusedSlot } from "./scenarios/reused-slot.ts";
import { sentByAPeer } from "./scenarios/sent-by-a-peer.ts";
import { silentNewcomer } from "./scenarios/silent-newcomer.ts";
import { fledId, hiddenFork, otherLine, writtenOver } from "./scenarios/two-of-one-id.ts";
import { unseenClone } from "./scenarios/unseen-clone.ts";
import { wantedChange } from "./scenarios/wanted-change.ts";
import type { Simulation } from "./simulation.ts";

export interface Scenario {
  readonly name: string;
  readonly layout?: Layout;
  readonly tuning?: Partial<Tuning>;
  readonly tell: (sim: Simulation, random: SeededRandom) => Promise<void>;
}

const dayMs = 86_400_000;

export const scenarios: readonly Scenario[] = [
  wantedChange,
  betweenNeighbours,
  replacedOnce,
  emptyQueue,
  leftMark,
  lateTwin,
  lateSegment,
  silentNewcomer,
  mendedSegment,
  reusedSlot,
  fledId,
  otherLine,
  hiddenFork,
  writtenOver,
  incompleteReplacement,
  deletedPrefix,
  offlineWriter,
  lostStorage,
  emptiedInbox,
  complainedOf,
  unseenClone,
  cloneWhileWriting,
  sentByAPeer,
];

/** Null where there is no such scenario; they are numbered from 1. */
export async function runScenario(number: number, keepTrace = false): Promise<RunResult | null> {
  const scenario = scenarios[number - 1];
  if (scenario === undefined) return null;
  const { name, layout = defaultLayout, tuning = {}, tell } = scenario;
  return run({
    number,
    label: `scenario ${name}`,
    keepTrace,
    faultsOf: () => createNoFaults(),
    settingOf: () => ({ layout, grantLifeMs: 7 * dayMs, tuning }),
    isKilledAt: () => false,
    tell,
  });
}
