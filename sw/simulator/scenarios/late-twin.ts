/**
 * A late PUT brings back the manifest that its writer had seen when it looked last, byte for byte: it is noticed and
 * written over all the same (O-2, O-3).
 */
import { manifestName } from "../../../shared/keys.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { keyOf, openDevice, pass, startEdit, tamperWith } from "../stage.ts";

const secondMs = 1_000;

export const lateTwin: Scenario = {
  name: "late twin",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(device, document, "push");
    // It looks at its own manifest within a minute.
    await pass(sim, 90 * secondMs);
    const key = keyOf(sim, device, manifestName);
    const { bytes } = sim.bucket.objects.get(key)!;
    startEdit(device, document, "push");
    await pass(sim, 2 * secondMs);
    tamperWith(sim, key, bytes, "a late PUT landed");
    await pass(sim, 10 * secondMs);
  },
};
