/**
 * How long an edit takes until another device has it when the service tells of it: the worker's hints, and the service's
 * hub. Time is virtual: only what the protocol waits for is counted.
 */
import type { DocHandle, DocumentId } from "@automerge/automerge-repo/slim";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createMemoryBus } from "../../service/hints/memory-bus.ts";
import type { HintHub } from "../../service/hints/hub.ts";
import { createHintHub } from "../../service/hints/hub.ts";
import { checkHints } from "../../service/hints/settings.ts";
import type { HintReport, SignalRequest } from "../../shared/hints.ts";
import { MemoryStore } from "../../sw/engine/memory-world.ts";
import type { Bucket } from "../../sw/engine/world.ts";
import type { LiveHints } from "../../sw/hints/live-hints.ts";
import { createLiveHints } from "../../sw/hints/live-hints.ts";
import type { Session } from "../../sw/registry.ts";
import type { TestDevice, Todos } from "../../sw/testing/test-device.ts";
import {
  closeDevices,
  openTodos,
  startDevice,
  testNamespace,
  testReplicas,
} from "../../sw/testing/test-device.ts";

const oneWayMs = 20;
const roundTripMs = 2 * oneWayMs;
/** Until a lone edit leaves. */
const flushDelayMs = 25;
const rounds = 20;

type Source = "report" | "store events";

let store: MemoryStore;
let closing: AbortController;
let hub: HintHub;
const open: LiveHints[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  store = new MemoryStore();
  closing = new AbortController();
  hub = createHintHub({
    config: {
      now: () => Date.now(),
      log() {},
      hints: checkHints({ watchMs: 0 }),
      closing: closing.signal,
    },
    bus: createMemoryBus(),
    isGood: async () => true,
    forget() {},
    watch: () => () => undefined,
  });
});

afterEach(async () => {
  for (const hints of open.splice(0)) hints.close();
  closing.abort();
  vi.useRealTimers();
  await closeDevices();
});

const travel = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, oneWayMs));

/** Every request takes a round trip; `stored` is called when the store has a manifest. */
function far(bucket: Bucket, stored: () => void): Bucket {
  return {
    ...bucket,
    async put(name, bytes) {
      await travel();
      await bucket.put(name, bytes);
      if (name === "manifest") stored();
      await travel();
    },
    async get(replica, name, options) {
      await travel();
      const found = await bucket.get(replica, name, options);
      await travel();
      return found;
    },
  };
}

/** What is sent arrives so much later. */
function delayed(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return body.pipeThrough(
    new TransformStream({
      async transform(bytes, controller) {
        await travel();
        controller.enqueue(bytes);
      },
    }),
  );
}

/** A device whose worker listens to the service, and reports to it where no store does. */
async function startLiveDevice(index: number, source: Source): Promise<TestDevice> {
  const replica = testReplicas[index]!;
  const member = { namespace: testNamespace, family: replica, endedAt: 0, expiresAt: Infinity };
  let hints: LiveHints | undefined;
  const device = await startDevice(store, index, {
    signedOut: true,
    uniform: () => 0.5,
    engine: {
      published(generation, time) {
        if (source === "report") hints?.published(generation, time);
      },
    },
  });
  const { engine, world, bucket } = device;
  hints = createLiveHints({
    ...world,
    client: {
      async stream(_session, _path, { after }) {
        await travel();
        const position = after === null ? null : Number(after);
        const { body } = hub.listen({ member, replica, client: "", after: position }, null);
        await travel();
        return delayed(body);
      },
      async ask<T>(_session: unknown, path: string, content: unknown): Promise<T> {
        await travel();
        if (path === "v1/hints") {
          const report = content as HintReport;
          await hub.announce({ source: "report", namespace: testNamespace, ...report });
        } else {
          const signal = content as SignalRequest;
          await hub.relay({ namespace: testNamespace, ...signal });
        }
        await travel();
        return undefined as T;
      },
    },
    sessions: { current: async () => ({}) as Session },
    replica: () => replica,
    heard: (hint) => engine.hint(hint.replica, hint.generation),
    missed: () => engine.hint(),
    changed() {
      const hinted = hints?.state === "live";
      // Polling rests: what is seen is seen by hints.
      engine.conditions({
        online: true,
        visible: true,
        hinted,
        watched: hints?.isWatched === true,
      });
    },
  });
  open.push(hints);
  hints.conditions({ online: true, visible: true });
  engine.use(
    far(bucket, () => {
      if (source === "store events")
        void hub.announce({ source: "store", namespace: testNamespace, replica });
    }),
  );
  return device;
}

async function until(check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 60_000; turn++) {
    if (check()) return;
    await vi.advanceTimersByTimeAsync(1);
  }
  throw new Error("it never happened");
}

/**
 * How many milliseconds a lone edit takes; of several the median, because one may come while the reader is looking by
 * itself, which is then waited for.
 */
async function editToSeen(source: Source): Promise<number> {
  const writer = await startLiveDevice(0, source);
  const reader = await startLiveDevice(1, source);
  await until(() => open.every(({ state }) => state === "live"));
  const onWriter = writer.engine.repo.create<Todos>({ items: [] });
  const onReader: DocHandle<Todos> = await opened(reader, onWriter.documentId);
  const took: number[] = [];
  for (let n = 1; n <= rounds; n++) {
    await vi.advanceTimersByTimeAsync(2_000);
    const editedAt = Date.now();
    onWriter.change((doc) => void doc.items.push(`item ${n}`));
    await until(() => onReader.doc().items.length === n);
    took.push(Date.now() - editedAt);
  }
  return took.toSorted((a, b) => a - b)[rounds / 2]!;
}

async function opened(device: TestDevice, id: DocumentId): Promise<DocHandle<Todos>> {
  await vi.advanceTimersByTimeAsync(5_000);
  return openTodos(device, id, until);
}

// Time goes on in steps of a millisecond.
const slackMs = 2;

test("an edit that is reported is seen after three round trips and the flush delay", async () => {
  expect(await editToSeen("report")).toBeLessThanOrEqual(3 * roundTripMs + flushDelayMs + slackMs);
});

test("an edit of which the store tells is seen after two round trips and the flush delay", async () => {
  expect(await editToSeen("store events")).toBeLessThanOrEqual(
    2 * roundTripMs + flushDelayMs + slackMs,
  );
});
