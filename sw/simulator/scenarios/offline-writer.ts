/** A device goes on working without knowing that it is offline: it asks ever more rarely, and says what is wrong. */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { openDevice, pass, setOnline, startEdit } from "../stage.ts";

const secondMs = 1_000;

export const offlineWriter: Scenario = {
  name: "offline writer",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(device, document, "push");
    await pass(sim, 5 * secondMs);
    device.isOnline = false;
    startEdit(device, document, "push");
    await pass(sim, 60 * secondMs);
    for (const incarnation of device.running) incarnation.inspectStatus();
    setOnline(device, true);
  },
};
