import { expect, test } from "vitest";
import { createManualTimers } from "../testing/manual-timers.ts";
import { testNamespace, testReplicas } from "../testing/test-device.ts";
import { createTestWorld } from "../testing/test-world.ts";
import { createFlushLoop } from "./flush-loop.ts";
import { createMemoryDisk, MemoryStore } from "./memory-world.ts";
import { defaultTuning } from "./tuning.ts";

test("what is held until between two readings of the clock is published", async () => {
  const [own, ...others] = testReplicas;
  // The clock goes on while it is looked at: wherever in between the hold ends, that must not be missed.
  for (let heldMs = 0.05; heldMs < 3; heldMs += 0.05) {
    const timers = createManualTimers();
    let readings = 0;
    const clock = { now: () => timers.now() + ++readings / 10 };
    const heldUntil = timers.now() + heldMs;
    let isPublished = false;
    const loop = createFlushLoop({
      world: { ...createTestWorld(createMemoryDisk()), clock, timers },
      tuning: defaultTuning,
      isOutstanding: (now) => !isPublished && now >= heldUntil,
      nextAt: (now) => (now < heldUntil ? heldUntil : null),
      packedAt: () => Number.NEGATIVE_INFINITY,
      async publish() {
        isPublished = true;
        return false;
      },
      succeeded() {},
      failed() {},
      changed() {},
    });
    loop.use(new MemoryStore().bucket(testNamespace, own!, others));
    await timers.advance(1_000);
    expect(isPublished, `held for ${heldMs} ms`).toBe(true);
    await loop.close();
  }
});
