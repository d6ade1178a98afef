/** W-11: a device that is only looked at stays known to the others. Time is virtual. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { closeDevices, startDevice } from "../testing/test-device.ts";
import { silentMsMax } from "./housekeeping.ts";
import { MemoryStore } from "./memory-world.ts";

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));

afterEach(async () => {
  vi.useRealTimers();
  await closeDevices();
});

test("who only reads writes a manifest now and then while in view, so that others go on calling", async () => {
  const written: number[] = [];
  const { engine } = await startDevice(new MemoryStore(), 0, {
    engine: { published: (generation) => void written.push(generation) },
  });
  engine.conditions({ online: true, visible: false });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toHaveLength(1);

  vi.setSystemTime(Date.now() + silentMsMax);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toHaveLength(1);
  engine.conditions({ online: true, visible: true });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toHaveLength(2);

  // A display on a wall, that nobody ever touches.
  vi.setSystemTime(Date.now() + silentMsMax);
  await vi.advanceTimersByTimeAsync(11 * 60_000);
  expect(written).toHaveLength(3);
});
