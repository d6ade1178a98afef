/** Many documents, many replicas: cost grows with what changed, not with what exists. Time is virtual. */
import * as A from "@automerge/automerge";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { generateAutomergeUrl, parseAutomergeUrl } from "@automerge/automerge-repo/slim";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ReplicaId } from "../../shared/keys.ts";
import { objectKey, parseReplicaId } from "../../shared/keys.ts";
import { closeDevices, startDevice, testNamespace } from "../testing/test-device.ts";
import { dirtyKey } from "./dirty-set.ts";
import { MemoryStore } from "./memory-world.ts";

const documentCount = 2_000;
const replicaCount = 200;

let store: MemoryStore;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  store = new MemoryStore();
});

afterEach(async () => {
  vi.useRealTimers();
  await closeDevices();
});

async function until(check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (check()) return;
    await vi.advanceTimersByTimeAsync(100);
  }
  throw new Error("it never happened");
}

function newId(): DocumentId {
  return parseAutomergeUrl(generateAutomergeUrl()).documentId;
}

test("documents nobody opens are published, read and kept without being opened", async () => {
  const writer = await startDevice(store, 0, { signedOut: true });
  const ids = Array.from({ length: documentCount }, newId);
  for (const [index, id] of ids.entries()) {
    const doc = A.from({ items: [`item ${index}`] });
    writer.storage.chunks.set([id, "snapshot", "hash"].join("\u0000"), A.save(doc));
    writer.disk.values.set(dirtyKey(id), true);
    A.free(doc);
  }
  await writer.restart();
  writer.engine.use(writer.bucket);
  await until(() => writer.engine.status().bucket === "saved");
  expect(Object.keys(writer.engine.repo.handles)).toEqual([]);
  const puts = store.requests.filter(({ method }) => method === "PUT");
  expect(puts.length).toBeLessThanOrEqual(3);

  const before = store.requests.length;
  const reader = await startDevice(store, 1);
  await until(() => [...reader.disk.values.keys()].some((key) => key.includes(ids[0]!)));
  const gets = store.requests
    .slice(before)
    .filter(({ method, key, bytes }) => method === "GET" && bytes > 0 && key.includes("00000a"));
  expect(gets.length).toBeLessThanOrEqual(3);
  expect(Object.keys(reader.engine.repo.handles)).toEqual([]);
  expect(reader.storage.chunks.size).toBeLessThanOrEqual(1);
  const some = await reader.engine.open(ids[77]!);
  await until(() => some.isReady());
  expect(some.doc()).toEqual({ items: ["item 77"] });
  expect(Object.keys(reader.engine.repo.handles)).toEqual([ids[77]!]);
});

test("I11: two hundred replicas are asked once, and from then on within the budget", async () => {
  const peers = Array.from({ length: replicaCount }, (_, index) => ({
    replica: parseReplicaId(`browser-1${index.toString(16).padStart(7, "0")}`),
    state: "active" as const,
  }));
  const device = await startDevice(store, 0, { peers });
  const asked = (): number => store.requests.filter(({ method }) => method === "GET").length;
  await until(() => peers.every(({ replica }) => isAsked(replica)));
  await vi.advanceTimersByTimeAsync(60_000);
  const before = asked();
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  // 40 a minute, and the urgent ones: there are none.
  expect(asked() - before).toBeLessThanOrEqual(440);
  device.engine.conditions({ online: true, visible: false });
  const hidden = asked();
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(asked() - hidden).toBeLessThanOrEqual(11);
  await vi.advanceTimersByTimeAsync(48 * 60 * 60_000);
  const late = asked();
  await vi.advanceTimersByTimeAsync(24 * 60 * 60_000);
  expect(asked() - late).toBeLessThanOrEqual(30);
});

function isAsked(replica: ReplicaId): boolean {
  const key = objectKey(testNamespace, replica, "manifest");
  return store.requests.some((request) => request.key === key);
}
