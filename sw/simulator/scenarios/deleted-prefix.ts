/**
 * Somebody deletes a replica's objects while it is not running. When it is back it writes its manifest, and looks at its
 * segments before anybody complains (O-3, S-9).
 */
import { segmentName } from "../../../shared/keys.ts";
import { createDocument } from "../edits.ts";
import { exposedDocuments } from "../exposure.ts";
import type { Scenario } from "../scenarios.ts";
import { keyOf, openDevice, pass, removeManifest, startEdit, tamperWith } from "../stage.ts";

const secondMs = 1_000;

export const deletedPrefix: Scenario = {
  name: "deleted prefix",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(device, document, "paste");
    await pass(sim, 5 * secondMs);
    sim.stop(device, "killed");
    tamperWith(sim, keyOf(sim, device, segmentName(0, 0)), null, "prefix deleted");
    removeManifest(sim, device);
    sim.start(device);
    await pass(sim, 30 * secondMs);
    for (const lost of exposedDocuments(sim))
      sim.context.observed.unexpected.push(`${lost} has not been published again`);
  },
};
