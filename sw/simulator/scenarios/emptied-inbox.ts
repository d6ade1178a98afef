/**
 * A device is killed in the moment in which an entry has left its inbox: what was in it is in the Repo's storage by then
 * (IN-5).
 */
import type { Device } from "../device.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import type { Simulation } from "../simulation.ts";
import { expectSame, openDevice, openDocument, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;
const looksMax = 20_000;
const times = 3;

export const emptiedInbox: Scenario = {
  name: "emptied inbox",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const writer = openDevice(sim, random);
    const reader = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    for (let time = 0; time < times; time++) {
      openDocument(reader, document);
      await pass(sim, 5 * secondMs);
      // Large enough for a segment: what comes later does not hold it once more.
      startEdit(writer, document, "paste");
      await until(sim, () => waits(reader));
      await until(sim, () => !waits(reader));
      sim.stop(reader, "killed");
      sim.start(reader);
      await pass(sim, 5 * secondMs);
    }
    await expectSame(sim);
  },
};

async function until(sim: Simulation, check: () => boolean): Promise<void> {
  for (let look = 0; look < looksMax && !check(); look++) await pass(sim, 1);
}

function waits({ user }: Device): boolean {
  return [...user.disk.values.keys()].some((key) => key.startsWith("inbox/"));
}
