/**
 * A document is looked for, of which only a change has come that builds on another. The Repo gives up after a while, and
 * begins the document anew: with an empty queue. When the other change comes, the first one is brought in again (IN-7).
 */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { expectSame, openDevice, openDocument, pass, removeManifest, startEdit } from "../stage.ts";

const secondMs = 1_000;

export const emptyQueue: Scenario = {
  name: "empty queue",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), false);
    sim.documents.push(document);
    const first = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(first, document, "push", true);
    await pass(sim, 5 * secondMs);
    const second = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    openDocument(second, document);
    await pass(sim, 5 * secondMs);
    sim.stop(first, "killed");
    first.sessionUntil = 0;
    startEdit(second, document, "push");
    await pass(sim, 5 * secondMs);
    removeManifest(sim, first);
    const reader = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    openDocument(reader, document);
    await pass(sim, 100 * secondMs);
    sim.start(first);
    await pass(sim, 60 * secondMs);
    await expectSame(sim);
  },
};
