/**
 * Kills at every call of every interface, before its effect and after it: one fixed story of two devices (edits, a
 * spill, a merge, a read) is run once to number its calls, and then once for each kill. After each kill the device is
 * started again, and all invariants are judged in the end.
 */
import { defaultLayout } from "../../shared/keys.ts";
import type { Device } from "./device.ts";
import type { EditKind } from "./edits.ts";
import { createDocument } from "./edits.ts";
import { createNoFaults } from "./faults.ts";
import type { SeededRandom } from "./random.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";
import type { Simulation } from "./simulation.ts";
import { openDevice, pass, startEdit } from "./stage.ts";

const dayMs = 86_400_000;
const pauseMs = 1_500;

/** So many large edits fill a level, so that a merge follows. */
const pastes = 9;

/** Number 0 kills nobody; 2n - 1 kills before the effect of call n, 2n after it. Null where there is no such call. */
export async function runCrash(number: number, keepTrace = false): Promise<RunResult | null> {
  const target = Math.ceil(number / 2);
  const targetSide = number % 2 === 1 ? "before" : "after";
  let isOver = false;
  let isReached = number === 0;
  const result = await run({
    number,
    label: "crash",
    keepTrace,
    faultsOf: () => createNoFaults(),
    settingOf: () => ({ layout: defaultLayout, grantLifeMs: 7 * dayMs, tuning: {} }),
    isKilledAt(call, side) {
      if (isOver || call.number !== target) return false;
      if (side === targetSide) isReached = true;
      return side === targetSide;
    },
    async tell(sim, random) {
      await tell(sim, random);
      isOver = true;
    },
  });
  return isReached ? result : null;
}

async function tell(sim: Simulation, random: SeededRandom): Promise<void> {
  const first = openDevice(sim, random);
  const document = createDocument(random.fork("document"), false);
  const named = createDocument(random.fork("named"), true);
  sim.documents.push(document, named);
  await pass(sim, pauseMs);
  const edit = async (device: Device, kind: EditKind, index: number): Promise<void> => {
    // Whoever was killed is back by then.
    await pass(sim, device.running.length === 0 ? pauseMs : 0);
    startEdit(device, sim.documents[index]!, kind, device === first);
    await pass(sim, pauseMs);
  };
  await edit(first, "push", 0);
  await edit(first, "set", 1);
  const second = openDevice(sim, random);
  await pass(sim, pauseMs);
  await edit(second, "type", 1);
  for (let index = 0; index < pastes; index++) await edit(first, "paste", 0);
  await edit(second, "push", 0);
  await edit(first, "count", 0);
}
