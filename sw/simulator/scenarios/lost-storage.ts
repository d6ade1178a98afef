/** A device's disk loses a document that others have written: it is read from the bucket once more. */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { openDevice, openDocument, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;

export const lostStorage: Scenario = {
  name: "lost storage",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), false);
    sim.documents.push(document);
    const writer = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(writer, document, "push", true);
    const reader = openDevice(sim, random);
    await pass(sim, 10 * secondMs);
    openDocument(reader, document);
    await pass(sim, 10 * secondMs);
    sim.stop(reader, "killed");
    const { storage } = reader.user;
    const remove = [...storage.values.keys()].filter((key) => key.startsWith(document.id));
    storage.apply({ remove })();
    sim.start(reader);
    await pass(sim, 2 * secondMs);
    openDocument(reader, document);
    await pass(sim, 20 * secondMs);
  },
};
