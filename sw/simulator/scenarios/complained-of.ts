/** Somebody takes a segment away. Its owner does not notice before a reader complains, and then publishes it anew (S-9). */
import { segmentName } from "../../../shared/keys.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { expectSame, keyOf, openDevice, pass, startEdit, tamperWith } from "../stage.ts";

const secondMs = 1_000;

export const complainedOf: Scenario = {
  name: "complained of",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const writer = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(writer, document, "paste");
    await pass(sim, 5 * secondMs);
    tamperWith(sim, keyOf(sim, writer, segmentName(0, 0)), null, "segment corrupted");
    openDevice(sim, random);
    await pass(sim, 120 * secondMs);
    await expectSame(sim);
  },
};
