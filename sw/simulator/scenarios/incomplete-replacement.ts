/**
 * A source is lost, and a reader is about to publish what it had of it. A device that does not know of the loss publishes
 * a change that builds on what is lost, and is gone: that is no reason not to publish the rest (FR-5).
 */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import {
  expectSame,
  loseDevice,
  openDevice,
  openDocument,
  pass,
  removeManifest,
  startEdit,
} from "../stage.ts";

const secondMs = 1_000;
const minuteMs = 60_000;
const looksMax = 60 * 60;

export const incompleteReplacement: Scenario = {
  name: "incomplete replacement",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const source = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(source, document, "push");
    await pass(sim, 5 * secondMs);
    const [reader, other] = [openDevice(sim, random), openDevice(sim, random)];
    await pass(sim, 5 * secondMs);
    openDocument(reader, document);
    openDocument(other, document);
    await pass(sim, 5 * secondMs);
    sim.stop(other, "killed");
    sim.stop(source, "killed");
    source.isGone = true;
    removeManifest(sim, source);
    const { values } = reader.user.disk;
    const isRevoked = (): boolean => [...values.keys()].some((key) => key.startsWith("revoked/"));
    for (let look = 0; look < looksMax && !isRevoked(); look++) await pass(sim, secondMs);
    sim.start(other);
    await pass(sim, secondMs);
    startEdit(other, document, "push");
    await pass(sim, 4 * secondMs);
    loseDevice(sim, other);
    await pass(sim, 15 * minuteMs);
    openDevice(sim, random);
    await pass(sim, 20 * secondMs);
    await expectSame(sim);
  },
};
