/**
 * A worker is killed while it writes a segment, and the PUT lands minutes later. Its successor has repeated it, and has
 * merged the segment since; but nothing else is written to that slot before nothing can land there any more (S-4).
 */
import { segmentName } from "../../../shared/keys.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { keyOf, openDevice, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;
const lookMs = 5;
const looksMax = 400;
const pastes = 3;

export const lateSegment: Scenario = {
  name: "late segment",
  // Two segments of a level are merged.
  layout: { levels: 2, slotsPerLevel: 3 },
  tuning: { mergeBytesShare: 0, emptyPutsShare: 0 },
  async tell(sim, random) {
    const { bucket, context } = sim;
    const { writes } = context.observed;
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const device = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(device, document, "paste");
    for (let look = 0; look < looksMax && !writes.some(({ range }) => range !== null); look++)
      await pass(sim, lookMs);
    sim.stop(device, "killed");
    const late = writes.find(({ range }) => range !== null)!;
    sim.start(device);
    await pass(sim, 5 * secondMs);
    const key = keyOf(sim, device, segmentName(0, 0));
    const { bytes } = bucket.objects.get(key)!;
    for (let paste = 0; paste < pastes; paste++) {
      startEdit(device, document, "paste");
      await pass(sim, 5 * secondMs);
    }
    const replaced = bucket.objects.get(key);
    const now = context.scheduler.now;
    bucket.write(key, bytes, device.name, now);
    late.effects.push(now);
    sim.wrote(late, replaced, true);
    await pass(sim, 10 * secondMs);
  },
};
