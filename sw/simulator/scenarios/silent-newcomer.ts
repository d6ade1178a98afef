/**
 * A device has asked everybody it knew, and then learns of another replica that it cannot ask, being offline. A document
 * of that one is being looked for, and not said to be nowhere.
 */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { openDevice, openDocument, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;

export const silentNewcomer: Scenario = {
  name: "silent newcomer",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), false);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, 10 * secondMs);
    sim.stop(device, "killed");
    // The first of them takes the id that was reserved, and asked for before it was taken.
    openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    const newcomer = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(newcomer, document, "push", true);
    await pass(sim, 5 * secondMs);
    const { registry } = device;
    registry.grant = sim.signer.grant(registry.grant!.replica, sim.context.scheduler.now);
    device.isOnline = false;
    sim.start(device);
    await pass(sim, 2 * secondMs);
    openDocument(device, document);
    await pass(sim, 20 * secondMs);
    device.isOnline = true;
    for (const incarnation of device.running) incarnation.conditions();
    await pass(sim, 20 * secondMs);
  },
};
