/**
 * A device's disk loses one entry of the inbox, which nothing but that entry tells of. What comes later builds on it and
 * waits; after a day the device says what it wants, and whoever has the document publishes it whole (WA-1, WA-2).
 */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { openDevice, openDocument, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;
const hourMs = 3_600_000;

export const wantedChange: Scenario = {
  name: "wanted change",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const writer = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(writer, document, "push");
    const reader = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(reader, document, "set");
    await pass(sim, 10 * secondMs);
    sim.stop(reader, "killed");
    // Large enough for a segment: what comes later does not hold it once more.
    startEdit(writer, document, "paste");
    await pass(sim, 10 * secondMs);
    // It comes into the inbox of a document that nobody has open, and is lost there.
    sim.start(reader);
    await pass(sim, 20 * secondMs);
    sim.stop(reader, "killed");
    const { disk } = reader.user;
    const remove = [...disk.values.keys()].filter((key) => key.startsWith("inbox/"));
    disk.apply({ remove })();
    startEdit(writer, document, "push");
    sim.start(reader);
    await pass(sim, 10 * secondMs);
    openDocument(reader, document);
    await pass(sim, 30 * hourMs);
  },
};
