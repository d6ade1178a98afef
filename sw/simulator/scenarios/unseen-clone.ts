/**
 * A profile was copied, and its copy has gone on writing. When the first one starts, its requests fail for a while, and
 * then it is due to merge before it looks at its own manifest again: it looks first, whatever it writes (O-1), and so
 * leaves alone the slot that its copy has used.
 */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { expectSame, openClone, openDevice, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;
const tidyQuietMs = 60 * secondMs;

export const unseenClone: Scenario = {
  name: "unseen clone",
  tuning: { mergeBytesShare: 0, tidyQuietMs },
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const first = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    // Each large enough for a segment.
    for (let paste = 0; paste < 3; paste++) {
      startEdit(first, document, "paste");
      await pass(sim, 3 * secondMs);
    }
    sim.stop(first, "killed");
    first.sessionUntil = 0;
    const clone = openClone(sim, random, first);
    await pass(sim, 5 * secondMs);
    startEdit(clone, document, "paste");
    await pass(sim, 5 * secondMs);
    startEdit(clone, document, "paste");
    await pass(sim, 5 * secondMs);
    sim.stop(clone, "killed");
    clone.sessionUntil = 0;
    first.sessionUntil = Number.POSITIVE_INFINITY;
    first.isOnline = false;
    sim.start(first);
    await pass(sim, tidyQuietMs - secondMs);
    first.isOnline = true;
    await pass(sim, 5 * secondMs);
    sim.stop(first, "killed");
    openDevice(sim, random);
    await pass(sim, 20 * secondMs);
    await expectSame(sim);
  },
};
