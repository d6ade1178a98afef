/** How long an edit takes until another device has it. Time is virtual: only what the protocol waits for is counted. */
import type { DocHandle } from "@automerge/automerge-repo/slim";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TestDevice, Todos } from "../testing/test-device.ts";
import { closeDevices, openTodos, startDevice } from "../testing/test-device.ts";
import { headsOf } from "./documents.ts";
import { MemoryStore } from "./memory-world.ts";
import type { Bucket } from "./world.ts";

const oneWayMs = 20;
const roundTripMs = 2 * oneWayMs;
/** Until a lone edit leaves. */
const flushDelayMs = 25;
/** Between two writes of one device. */
const writeIntervalMs = 1_100;

let store: MemoryStore;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  store = new MemoryStore();
});

afterEach(async () => {
  vi.useRealTimers();
  await closeDevices();
});

/** Every request takes a round trip; `wrote` is called when a manifest was acknowledged. */
function slow(bucket: Bucket, wrote: () => void): Bucket {
  const travel = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, oneWayMs));
  return {
    ...bucket,
    async put(name, bytes) {
      await travel();
      await bucket.put(name, bytes);
      await travel();
      if (name === "manifest") wrote();
    },
    async get(replica, name, options) {
      await travel();
      const found = await bucket.get(replica, name, options);
      await travel();
      return found;
    },
  };
}

async function until(check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 60_000; turn++) {
    if (check()) return;
    await vi.advanceTimersByTimeAsync(1);
  }
  throw new Error("it never happened");
}

interface Pair {
  readonly writer: TestDevice;
  readonly onWriter: DocHandle<Todos>;
  readonly onReader: DocHandle<Todos>;
}

/** Two devices that have one document open, the reader being hinted of every write of the other. */
async function openPair(): Promise<Pair> {
  const writer = await startDevice(store, 0, { signedOut: true });
  const reader = await startDevice(store, 1, { signedOut: true });
  writer.engine.use(slow(writer.bucket, () => reader.engine.hint(writer.replica)));
  reader.engine.use(slow(reader.bucket, () => undefined));
  const onWriter = writer.engine.repo.create<Todos>({ items: [] });
  let isSaved = false;
  void writer.engine.inBucket(onWriter.documentId, headsOf(onWriter)).then(() => (isSaved = true));
  await until(() => isSaved);
  const onReader = await openTodos(reader, onWriter.documentId, until);
  await vi.advanceTimersByTimeAsync(10_000);
  return { writer, onWriter, onReader };
}

test("a hinted edit is seen after two round trips and the flush delay", async () => {
  const { onWriter, onReader } = await openPair();
  for (let n = 1; n <= 20; n++) {
    const editedAt = Date.now();
    onWriter.change((doc) => void doc.items.push(`item ${n}`));
    await until(() => onReader.doc().items.length === n);
    // Time goes on in steps of a millisecond.
    expect(Date.now() - editedAt).toBeLessThanOrEqual(2 * roundTripMs + flushDelayMs + 2);
    await vi.advanceTimersByTimeAsync(2_000);
  }
});

test("edits back to back are seen as often as the store lets one key be written", async () => {
  const { onWriter, onReader } = await openPair();
  const startedAt = Date.now();
  for (let n = 1; n <= 10; n++) {
    onWriter.change((doc) => void doc.items.push(`item ${n}`));
    await until(() => onReader.doc().items.length === n);
  }
  const eachMs = (Date.now() - startedAt) / 10;
  expect(eachMs).toBeLessThanOrEqual(writeIntervalMs + 10);
});
