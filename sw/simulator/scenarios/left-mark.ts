/**
 * An incarnation that a later one has superseded stores a last change, of a document that the later one is just
 * publishing without it. The mark it leaves outlives the later one's acknowledgement (W-8).
 */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { openDevice, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;
const lookMs = 5;
const looksMax = 400;

export const leftMark: Scenario = {
  name: "left mark",
  async tell(sim, random) {
    const { writes } = sim.context.observed;
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(device, document, "push");
    await pass(sim, 5 * secondMs);
    sim.stop(device, "killed");
    // Offline it cannot look at its own manifest, and so has begun no write when the next one starts.
    device.isOnline = false;
    sim.start(device);
    await pass(sim, 2 * secondMs);
    const [earlier] = device.running;
    startEdit(device, document, "push");
    await pass(sim, 3 * secondMs);
    sim.start(device, true);
    await pass(sim, secondMs);
    device.isOnline = true;
    device.running.at(-1)?.conditions();
    const count = writes.length;
    for (let look = 0; look < looksMax && writes.length === count; look++) await pass(sim, lookMs);
    earlier?.edit(document, "push", false).catch(() => undefined);
    await pass(sim, 20 * secondMs);
    sim.stop(device, "killed");
    sim.start(device);
    await pass(sim, 20 * secondMs);
  },
};
