/**
 * A merge whose level has no free slot goes one level higher; what is written later to the level below then has a
 * segment of a higher level between its neighbours, and must not be merged across it (S-5).
 */
import { segmentName } from "../../../shared/keys.ts";
import type { Device } from "../device.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import type { Simulation } from "../simulation.ts";
import { expectSame, openDevice, pass, startEdit } from "../stage.ts";

/** Three segments of a level are merged. */
const layout = { levels: 3, slotsPerLevel: 5 };

const lookMs = 5;
const pasteMs = 2_500;
const startMs = 1_500;
const quarantineIsOverMs = 16 * 60_000;
const readMs = 20_000;
const pastesMax = 60;

export const betweenNeighbours: Scenario = {
  name: "between neighbours",
  layout,
  // No merges but those that are due because a level is full.
  tuning: { mergeBytesShare: 0, emptyPutsShare: 0 },
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, startMs);
    // Whoever is killed after each write to level 1 does not know whether it may land once more.
    for (let paste = 0; paste < pastesMax && written(sim, device, 2) < 2; paste++) {
      startEdit(device, document, "paste");
      await passAndKill(sim, device);
    }
    device.clock.jump(quarantineIsOverMs);
    for (let paste = 0; paste < layout.slotsPerLevel; paste++) {
      startEdit(device, document, "paste");
      await pass(sim, pasteMs);
    }
    openDevice(sim, random);
    await pass(sim, readMs);
    await expectSame(sim);
  },
};

async function passAndKill(sim: Simulation, device: Device): Promise<void> {
  let before = state(sim, device);
  for (let passed = 0; passed < pasteMs; passed += lookMs) {
    await pass(sim, lookMs);
    const now = state(sim, device);
    if (now === before) continue;
    before = now;
    sim.stop(device, "killed");
    sim.start(device);
    await pass(sim, startMs);
    before = state(sim, device);
  }
}

/** Changes with every write to level 1. */
function state(sim: Simulation, device: Device): string {
  return objects(sim, device, 1).join();
}

function written(sim: Simulation, device: Device, level: number): number {
  return objects(sim, device, level).filter((etag) => etag !== "").length;
}

/** The ETags of a level's objects. */
function objects({ bucket, signer }: Simulation, device: Device, level: number): string[] {
  const replica = device.registry.grant?.replica;
  const found = replica === undefined ? null : bucket.below(signer.namespace, replica);
  return Array.from(
    { length: layout.slotsPerLevel },
    (_, slot) => found?.get(segmentName(level, slot))?.etag ?? "",
  );
}
