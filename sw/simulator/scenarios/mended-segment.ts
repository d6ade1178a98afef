/**
 * A segment cannot be read for a while, and those behind it can. The reader takes what there is, and comes back for what
 * is missing.
 */
import { segmentName } from "../../../shared/keys.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { expectSame, keyOf, openDevice, pass, startEdit, tamperWith } from "../stage.ts";

const secondMs = 1_000;
const pastes = 2;

export const mendedSegment: Scenario = {
  name: "mended segment",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const writer = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    for (let paste = 0; paste < pastes; paste++) {
      startEdit(writer, document, "paste");
      await pass(sim, 4 * secondMs);
    }
    sim.stop(writer, "killed");
    const key = keyOf(sim, writer, segmentName(0, 0));
    const { bytes } = sim.bucket.objects.get(key)!;
    tamperWith(sim, key, null, "segment corrupted");
    openDevice(sim, random);
    await pass(sim, 20 * secondMs);
    tamperWith(sim, key, bytes, "segment corrupted");
    sim.start(writer);
    await pass(sim, 60 * secondMs);
    await expectSame(sim);
  },
};
