/**
 * A late PUT brings back the manifest that its writer had seen when it looked last, byte for byte: it is noticed and
 * written over all the same (O-2, O-3).
 */
import { manifestName, objectKey } from "../../../shared/keys.ts";
import { createDocument } from "../edits.ts";
import { expose, objectChanges } from "../exposure.ts";
import type { Scenario } from "../scenarios.ts";
import { openDevice, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;

export const lateTwin: Scenario = {
  name: "late twin",
  async tell(sim, random) {
    const { bucket, context, signer } = sim;
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(device, document, "push");
    // It looks at its own manifest within a minute.
    await pass(sim, 90 * secondMs);
    const key = objectKey(signer.namespace, device.registry.grant!.replica, manifestName);
    const { bytes } = bucket.objects.get(key)!;
    startEdit(device, document, "push");
    await pass(sim, 2 * secondMs);
    const before = objectChanges(sim);
    bucket.write(key, bytes, device.name, context.scheduler.now);
    context.observed.tamperings.push({ key, at: context.scheduler.now });
    expose(sim, before, "a late PUT landed");
    await pass(sim, 10 * secondMs);
  },
};
