/**
 * A late PUT brings back a manifest whose slot holds a newer segment by now. A reader who comes in this moment must not
 * take the one for the other.
 */
import { manifestName } from "../../../shared/keys.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { expectSame, keyOf, openDevice, pass, startEdit, tamperWith } from "../stage.ts";

const secondMs = 1_000;
const lookMs = 5;
const looksMax = 4_000;
const pasteEveryLooks = 600;
const pastesMore = 2;

export const reusedSlot: Scenario = {
  name: "reused slot",
  // Two segments of a level are merged.
  layout: { levels: 2, slotsPerLevel: 3 },
  tuning: { mergeBytesShare: 0, emptyPutsShare: 0 },
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const writer = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    const key = keyOf(sim, writer, manifestName);
    const slots = (): number => {
      const decoded = sim.bucket.objects.get(key)?.decoded;
      return decoded?.kind === "manifest" ? decoded.manifest.slots.length : 0;
    };
    for (let look = 0; look < looksMax && slots() < 2; look++) {
      if (look % pasteEveryLooks === 0) startEdit(writer, document, "paste");
      await pass(sim, lookMs);
    }
    const { bytes } = sim.bucket.objects.get(key)!;
    await pass(sim, 5 * secondMs);
    for (let paste = 0; paste < pastesMore; paste++) {
      startEdit(writer, document, "paste");
      await pass(sim, 4 * secondMs);
    }
    sim.stop(writer, "killed");
    writer.sessionUntil = 0;
    tamperWith(sim, key, bytes, "a late PUT landed");
    openDevice(sim, random);
    await pass(sim, 20 * secondMs);
    sim.start(writer);
    await pass(sim, 20 * secondMs);
    await expectSame(sim);
  },
};
