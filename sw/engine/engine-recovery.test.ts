/** What was lost comes back. Time is virtual here: ten minutes and a month pass in no time. */
import { randomBytes } from "node:crypto";
import * as A from "@automerge/automerge";
import type { DocHandle, DocumentId } from "@automerge/automerge-repo/slim";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Manifest } from "../../shared/codecs/manifest.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey, segmentName } from "../../shared/keys.ts";
import type { TestDevice, Todos } from "../testing/test-device.ts";
import {
  closeDevices,
  openTodos,
  startDevice,
  testNamespace,
  testReplicas,
} from "../testing/test-device.ts";
import { nodeTools } from "../testing/test-world.ts";
import { headsOf } from "./documents.ts";
import { MemoryStore } from "./memory-world.ts";
import { openManifest } from "./reader.ts";

const minuteMs = 60_000;
const [a, b, c] = testReplicas as [ReplicaId, ReplicaId, ReplicaId, ReplicaId];

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
  for (let turn = 0; turn < 100_000; turn++) {
    if (check()) return;
    await vi.advanceTimersByTimeAsync(100);
  }
  throw new Error("it never happened");
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

async function done<T>(promise: Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  void promise.then((value) => (result = { value }));
  await until(() => result !== undefined);
  return result!.value;
}

async function publish(device: TestDevice, handle: DocHandle<Todos>): Promise<void> {
  await done(device.engine.inBucket(handle.documentId, headsOf(handle)));
}

async function open(device: TestDevice, id: DocumentId): Promise<DocHandle<Todos>> {
  const handle = await done(device.engine.open(id));
  await until(() => handle.isReady());
  return handle as DocHandle<Todos>;
}

function remove(replica: ReplicaId): void {
  for (const key of store.objects.keys())
    if (key.startsWith(objectKey(testNamespace, replica, ""))) store.objects.delete(key);
}

async function manifestOf(device: TestDevice): Promise<Manifest> {
  const key = objectKey(testNamespace, device.replica, manifestName);
  const { bytes } = store.objects.get(key)!;
  const opened = openManifest({ tools: nodeTools }, device.bucket, device.replica, bytes);
  return (await opened).manifest;
}

test("I16: a lost source heals: what its readers still hold is in the bucket again", async () => {
  const gone = await startDevice(store, 0);
  const reader = await startDevice(store, 1);
  const kept = gone.engine.repo.create<Todos>({ items: ["open at the reader"] });
  const closed = gone.engine.repo.create<Todos>({ items: ["never opened there"] });
  await publish(gone, kept);
  await publish(gone, closed);
  const onReader = await open(reader, kept.documentId);
  onReader.change((doc) => void doc.items.push("built on it"));
  await publish(reader, onReader);
  await until(() => [...reader.disk.values.keys()].some((key) => key.includes(closed.documentId)));
  await gone.engine.close();
  remove(a);
  // A missing manifest alone is no loss: its owner, or the store, may still mend it.
  await pass(5 * minuteMs);
  const before = await startDevice(store, 2);
  const early = await done(before.engine.documents.open(closed.documentId));
  await pass(2 * minuteMs);
  expect(early.isReady()).toBe(false);
  await pass(60 * minuteMs);
  const late = await startDevice(store, 3);
  expect((await open(late, kept.documentId)).doc().items).toEqual([
    "open at the reader",
    "built on it",
  ]);
  expect((await open(late, closed.documentId)).doc().items).toEqual(["never opened there"]);
  expect(reader.engine.repo.handles[closed.documentId]).toBeUndefined();
});

test("of many readers of a lost source one publishes, and the others see it", async () => {
  const gone = await startDevice(store, 0);
  const readers = [
    await startDevice(store, 1, { uniform: () => 0.7 }),
    await startDevice(store, 2, { uniform: () => 0.2 }),
  ];
  const handle = gone.engine.repo.create<Todos>({ items: ["x".repeat(3_000)] });
  await publish(gone, handle);
  for (const reader of readers) await open(reader, handle.documentId);
  await gone.engine.close();
  remove(a);
  const before = store.requests.length;
  await pass(120 * minuteMs);
  const large = store.requests
    .slice(before)
    .filter(({ method, bytes, key }) => method === "PUT" && bytes > 100 && key.includes("seg/0"));
  expect(large.length).toBeLessThanOrEqual(1);
  const [second, first] = [await manifestOf(readers[0]!), await manifestOf(readers[1]!)];
  expect(first.tail.last).toBe(1);
  expect(second.tail.last).toBe(0);
});

test("a bucket that was emptied is filled again by those who live", async () => {
  const device = await startDevice(store, 0);
  const handle = device.engine.repo.create<Todos>({ items: [] });
  for (let n = 0; n < 60; n++) {
    handle.change((doc) => void doc.items.push(`a line of some length, number ${n}`));
    await pass(1_500);
  }
  await publish(device, handle);
  expect([...store.objects.keys()].some((key) => key.includes("seg/"))).toBe(true);
  store.objects.clear();
  await pass(60 * minuteMs);
  const late = await startDevice(store, 1);
  expect((await open(late, handle.documentId)).doc().items).toHaveLength(60);
});

test("a document that its disk lost is read back, from the own prefix and from others'", async () => {
  const writer = await startDevice(store, 0);
  const handle = writer.engine.repo.create<Todos>({ items: ["mine"] });
  await publish(writer, handle);
  const reader = await startDevice(store, 1);
  const onReader = await open(reader, handle.documentId);
  await pass(minuteMs);
  expect(onReader.doc().items).toEqual(["mine"]);
  for (const device of [writer, reader]) {
    device.storage.chunks.clear();
    await done(device.restart());
    expect((await open(device, handle.documentId)).doc().items).toEqual(["mine"]);
  }
});

test("what is wanted for a day is published whole by whoever holds it", async () => {
  const writer = await startDevice(store, 0);
  const holder = await startDevice(store, 1);
  const handle = writer.engine.repo.create<Todos>({ items: ["first"] });
  await publish(writer, handle);
  const held = await open(holder, handle.documentId);
  // The reader gets a change without what it builds on, and nobody ever publishes that.
  remove(a);
  await writer.engine.close();
  held.change((doc) => void doc.items.push("second"));
  await publish(holder, held);
  const reader = await startDevice(store, 2, {
    peers: [{ replica: b, state: "active" }],
  });
  const onReader = await done(reader.engine.documents.open(handle.documentId));
  await done(reader.engine.open(handle.documentId));
  await pass(5 * minuteMs);
  expect(onReader.isReady()).toBe(false);
  await pass(25 * 60 * minuteMs);
  await until(() => onReader.isReady());
  expect((onReader.doc() as Todos).items).toEqual(["first", "second"]);
  await pass(30 * minuteMs);
  expect((await manifestOf(reader)).wants).toEqual([]);
});

test("a retired replica is adopted: its prefix may go, and a returning reader mourns nobody", async () => {
  const retired = await startDevice(store, 0);
  const reader = await startDevice(store, 2, { peers: testReplicas.slice(0, 2).map(active) });
  const handle = retired.engine.repo.create<Todos>({ items: [] });
  for (let n = 0; n < 40; n++) {
    handle.change((doc) => void doc.items.push(`a line of some length, number ${n}`));
    await pass(1_500);
  }
  await publish(retired, handle);
  await pass(minuteMs);
  await retired.engine.close();
  const adopter = await startDevice(store, 1, {
    peers: [
      { replica: a, state: "retired" },
      { replica: c, state: "active" },
    ],
  });
  await pass(10 * minuteMs);
  const { adopted } = await manifestOf(adopter);
  expect(adopted.map(({ replica }) => replica)).toEqual([a]);
  await pass(2 * 60 * minuteMs);
  remove(a);
  const before = (await manifestOf(reader)).tail.last;
  await pass(3 * 60 * minuteMs);
  expect((await manifestOf(reader)).tail.last).toBe(before);
  const late = await startDevice(store, 3, { peers: [active(b)] });
  const onLate = await openTodos(late, handle.documentId, until);
  expect(onLate.doc().items).toHaveLength(40);
  expect(A.getHeads(onLate.doc())).toEqual(A.getHeads(handle.doc()));
});

test("who finds its id among those that another one fled from flees too", async () => {
  const device = await startDevice(store, 0);
  const other = await startDevice(store, 1);
  await pass(minuteMs);
  await other.engine.close();
  other.disk.values.set("replica", { id: b, fledFrom: [a] });
  await done(other.restart());
  const handle = other.engine.repo.create<Todos>({ items: [] });
  await publish(other, handle);
  await until(() => device.events.includes("cloned"));
});

function active(replica: ReplicaId): { readonly replica: ReplicaId; readonly state: "active" } {
  return { replica, state: "active" };
}

/** Everything of it that is in segments. */
function damage(): void {
  const damaged = [...store.objects].filter(([key]) => key.includes("seg/"));
  for (const [key, { etag }] of damaged)
    store.objects.set(key, { bytes: new TextEncoder().encode("damaged"), etag });
}

test("who cannot read a segment says so, and its owner publishes anew what was in it", async () => {
  const writer = await startDevice(store, 0);
  const handle = writer.engine.repo.create<Todos>({ items: [] });
  for (let n = 0; n < 40; n++) {
    handle.change((doc) => void doc.items.push(`a line of some length, number ${n}`));
    await pass(1_500);
  }
  await publish(writer, handle);
  await pass(5 * minuteMs);
  damage();
  await pass(60 * minuteMs);
  const reader = await startDevice(store, 1);
  const onReader = await done(reader.engine.open(handle.documentId));
  let complaints: readonly ReplicaId[] = [];
  await pass(5_000);
  for (let turn = 0; turn < 600 && complaints.length === 0; turn++) {
    complaints = (await manifestOf(reader)).unreadable.map(({ replica }) => replica);
    await pass(100);
  }
  expect(complaints).toEqual([a]);
  await pass(2 * 60 * minuteMs);
  expect((onReader.doc() as Todos | undefined)?.items).toHaveLength(40);
  expect((await manifestOf(reader)).unreadable).toEqual([]);
  expect(reader.engine.status().problems).toEqual([]);
});

/** Publishes so much at once that it becomes a segment. */
async function fillSegment(device: TestDevice): Promise<DocHandle<Todos>> {
  const handle = device.engine.repo.create<Todos>({ items: [] });
  for (let n = 0; n < 40; n++)
    handle.change((doc) => void doc.items.push(`a line of some length, number ${n}`));
  await publish(device, handle);
  await pass(2_000);
  return handle;
}

test.each([
  ["the store does not answer", async () => Promise.reject(new PresyncError("unreachable", "no"))],
  ["the owner is killed", () => new Promise<never>(() => undefined)],
])("a complaint is not forgotten where %s when its owner looks", async (_when, fail) => {
  const writer = await startDevice(store, 0);
  const handle = await fillSegment(writer);
  let looks = 0;
  const { bucket } = writer;
  writer.bucket = {
    ...bucket,
    get: (of, name, options) =>
      of === writer.replica && name.startsWith("seg/") && ++looks === 1
        ? fail()
        : bucket.get(of, name, options),
  };
  writer.engine.use(writer.bucket);
  damage();
  const reader = await startDevice(store, 1);
  const onReader = await done(reader.engine.open(handle.documentId));
  await until(() => looks > 0);
  await done(writer.restart());
  await pass(2 * 60 * minuteMs);
  expect((onReader.doc() as Todos | undefined)?.items).toHaveLength(40);
});

const incompressible = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

async function publishBytes(device: TestDevice, bytes: number): Promise<void> {
  const handle = device.engine.repo.create({ bytes: incompressible(bytes) });
  await done(device.engine.inBucket(handle.documentId, headsOf(handle)));
  await pass(1_500);
}

test("S-9: where more is lost than fits one publication it is published anew once", async () => {
  const device = await startDevice(store, 0);
  for (let n = 0; n < 12; n++) await publishBytes(device, 600_000);
  const { slots } = await manifestOf(device);
  const lost = slots.filter(({ level }) => level === 0).at(-1)!;
  store.objects.delete(
    objectKey(testNamespace, device.replica, segmentName(lost.level, lost.slot)),
  );
  const before = store.requests.length;
  // Until a merge of that level is due.
  for (let n = 0; n < 8; n++) await publishBytes(device, 600_000);
  await pass(5 * minuteMs);
  const written = store.requests.slice(before).filter(({ method }) => method === "PUT");
  const bytes = written.reduce((sum, request) => sum + request.bytes, 0);
  // Eight new documents, twenty once more, and merges of all of them.
  expect(bytes).toBeLessThan(80_000_000);
  expect((await manifestOf(device)).slots.map(({ generation }) => generation)).not.toContain(
    lost.generation,
  );
  expect(device.engine.status().bucket).toBe("saved");
});

test("W-3: segments too large to be merged take slots of other levels, and stop nobody", async () => {
  const layout = { levels: 2, slotsPerLevel: 4 };
  const device = await startDevice(store, 0, { layout });
  for (let n = 0; n < 6; n++) await publishBytes(device, 12_700_000);
  await publishBytes(device, 10);
  const { slots, tail } = await manifestOf(device);
  expect(slots.filter(({ level }) => level === 1)).toHaveLength(2);
  expect(tail.documents).toHaveLength(1);
});

test("A-2: who adopts keeps the write interval", async () => {
  const retired = await startDevice(store, 0);
  for (let n = 0; n < 4; n++) await publishBytes(retired, 5_000);
  await retired.engine.close();
  const adopter = await startDevice(store, 1, { peers: [{ replica: a, state: "retired" }] });
  const writtenAt: number[] = [];
  const { bucket } = adopter;
  adopter.bucket = {
    ...bucket,
    async put(name, bytes) {
      if (name === "manifest") writtenAt.push(Date.now());
      await bucket.put(name, bytes);
    },
  };
  adopter.engine.use(adopter.bucket);
  await pass(10 * minuteMs);
  expect((await manifestOf(adopter)).adopted).toHaveLength(1);
  const gaps = writtenAt.slice(1).map((at, index) => at - writtenAt[index]!);
  expect(gaps.length).toBeGreaterThan(3);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_100);
});

/** Its manifest names a segment in whose place a later one lies, as after a late PUT; and its owner never comes back. */
async function leaveWithOldManifest(writer: TestDevice): Promise<DocHandle<Todos>> {
  const manifestKey = objectKey(testNamespace, writer.replica, manifestName);
  await fillSegment(writer);
  const { slots: oldSlots } = await manifestOf(writer);
  const old = store.objects.get(manifestKey)!;
  const later = await fillSegment(writer);
  const { slots } = await manifestOf(writer);
  expect([oldSlots, slots].map(({ length }) => length)).toEqual([1, 2]);
  await writer.engine.close();
  const [taken, moved] = slots.map(({ level, slot }) =>
    objectKey(testNamespace, writer.replica, segmentName(level, slot)),
  );
  store.objects.set(manifestKey, old);
  store.objects.set(taken!, store.objects.get(moved!)!);
  store.objects.delete(moved!);
  return later;
}

test("R-12: what lies where a manifest names another segment is not lost on a reader", async () => {
  const writer = await startDevice(store, 0);
  const handle = await leaveWithOldManifest(writer);
  const reader = await startDevice(store, 1, { peers: [active(a)] });
  const onReader = await open(reader, handle.documentId);
  expect(onReader.doc().items).toHaveLength(40);
  // What no manifest names is nothing that others could rely on: whoever has it publishes it.
  await publish(reader, onReader);
  expect(reader.engine.status().problems).toMatchObject([{ code: "malformed" }]);
  const late = await startDevice(store, 2, { peers: [active(b)] });
  expect((await open(late, handle.documentId)).doc().items).toHaveLength(40);
});

test("R-12: it is published by a reader that has not opened the document", async () => {
  const writer = await startDevice(store, 0);
  const { documentId } = await leaveWithOldManifest(writer);
  const reader = await startDevice(store, 1, { peers: [active(a)] });
  await pass(15 * minuteMs);
  expect(reader.engine.repo.handles[documentId]).toBeUndefined();
  const late = await startDevice(store, 2, { peers: [active(b)] });
  expect((await open(late, documentId)).doc().items).toHaveLength(40);
});

test("A-2: a retired replica that cannot be read to its end is adopted by nobody", async () => {
  const retired = await startDevice(store, 0);
  await leaveWithOldManifest(retired);
  const adopter = await startDevice(store, 1, { peers: [{ replica: a, state: "retired" }] });
  adopter.engine.repo.create<Todos>({ items: ["its own"] });
  await pass(10 * minuteMs);
  const { adopted, unreadable } = await manifestOf(adopter);
  expect(adopted).toEqual([]);
  expect(unreadable.map(({ replica }) => replica)).toEqual([a]);
});

test("one that cannot be adopted keeps nobody from adopting another", async () => {
  const [broken, sound] = [await startDevice(store, 0), await startDevice(store, 1)];
  for (const device of [broken, sound]) await fillSegment(device);
  const adopter = await startDevice(store, 2, { peers: [active(a), active(b)] });
  await pass(minuteMs);
  for (const device of [broken, sound]) await device.engine.close();
  const segments = [...store.objects.keys()].filter((key) => key.includes(`${a}/seg/`));
  for (const key of segments) store.objects.delete(key);
  const retired = [a, b].map((replica) => ({ replica, state: "retired" }) as const);
  adopter.bucket = { ...adopter.bucket, peers: () => retired };
  adopter.engine.use(adopter.bucket);
  adopter.engine.repo.create<Todos>({ items: ["its own"] });
  await pass(20 * minuteMs);
  const { adopted, unreadable } = await manifestOf(adopter);
  expect(adopted.map(({ replica }) => replica)).toEqual([b]);
  expect(unreadable.map(({ replica }) => replica)).toEqual([a]);
});

test("O-4: who has seen that somebody else has its id writes nothing more, whatever is due", async () => {
  const device = await startDevice(store, 0);
  for (let n = 0; n < 3; n++) await fillSegment(device);
  const other = await startDevice(new MemoryStore(), 0);
  for (let n = 0; n < 4; n++) await fillSegment(other);
  const key = objectKey(testNamespace, a, manifestName);
  const foreign = (await other.bucket.get(a, manifestName, {})) as { bytes: Uint8Array };
  store.objects.set(key, { bytes: foreign.bytes, etag: '"another one"' });
  device.engine.hint();
  await until(() => device.events.includes("cloned"));
  const before = new Map(store.objects);
  // What tidies up comes after a minute of quiet.
  await pass(10 * minuteMs);
  expect(store.objects).toEqual(before);
  device.engine.use({ ...device.bucket });
  await pass(10 * minuteMs);
  expect(store.objects).toEqual(before);
});

/** A copy of a device's profile, with a bucket of its own, to be laid over the other one's. */
async function cloneOf(device: TestDevice, theirs: MemoryStore): Promise<TestDevice> {
  for (const [key, value] of store.objects) theirs.objects.set(key, value);
  const clone = await startDevice(theirs, 0, { signedOut: true });
  await clone.engine.close();
  clone.disk.values.clear();
  for (const [key, value] of device.disk.values) clone.disk.values.set(key, structuredClone(value));
  for (const [key, value] of device.storage.chunks)
    clone.storage.chunks.set(key, structuredClone(value));
  await done(clone.restart());
  clone.engine.use(clone.bucket);
  await pass(1_000);
  return clone;
}

/** The clone's PUTs land over those of the one it was copied from, and that one is gone. */
function overwrite(theirs: MemoryStore): void {
  for (const [key, object] of theirs.objects)
    if (key.startsWith(objectKey(testNamespace, a, "")))
      store.objects.set(key, { ...object, etag: `"theirs ${object.etag}"` });
}

function hasRead(device: TestDevice, id: DocumentId): boolean {
  return [...device.disk.values.keys()].some((key) => key.startsWith(`inbox/${id}/`));
}

/** Publishes a small document that the clone knows nothing of, and is never seen again. */
async function publishLast(device: TestDevice): Promise<DocumentId> {
  const handle = device.engine.repo.create<Todos>({ items: ["written over"] });
  await publish(device, handle);
  await device.engine.close();
  return handle.documentId;
}

interface Fork {
  readonly reader: TestDevice;
  readonly theirs: MemoryStore;
  readonly clone: TestDevice;
  readonly id: DocumentId;
}

/** The reader has read what the first of the two has published last; the clone has published nothing yet. */
async function startFork(): Promise<Fork> {
  const device = await startDevice(store, 0);
  await fillSegment(device);
  const reader = await startDevice(store, 1, { peers: [active(a)] });
  await pass(minuteMs);
  const theirs = new MemoryStore();
  const clone = await cloneOf(device, theirs);
  const id = await publishLast(device);
  reader.engine.hint();
  await until(() => hasRead(reader, id));
  return { reader, theirs, clone, id };
}

async function isPublishedByReader(id: DocumentId): Promise<boolean> {
  await pass(30 * minuteMs);
  const late = await startDevice(store, 2, { peers: [active(a), active(b)] });
  await pass(minuteMs);
  return hasRead(late, id);
}

describe("O-5: what a clone writes over is published by who has read it", () => {
  test("also where the clone's first object is a segment", async () => {
    const { theirs, clone, id } = await startFork();
    await fillSegment(clone);
    await clone.engine.close();
    overwrite(theirs);
    expect(await isPublishedByReader(id)).toBe(true);
  });

  test("also where reading the clone breaks off", async () => {
    const { reader, theirs, clone, id } = await startFork();
    for (let n = 0; n < 3; n++) await fillSegment(clone);
    await clone.engine.close();
    overwrite(theirs);
    let segments = 0;
    store.fault = (method, key, phase) => {
      const isSegment = method === "GET" && phase === "before" && key.includes(`${a}/seg/`);
      if (isSegment && ++segments === 2) throw new PresyncError("unreachable", "no network");
    };
    reader.engine.hint();
    await until(() => segments >= 2);
    store.fault = () => undefined;
    expect(await isPublishedByReader(id)).toBe(true);
  });

  test("also where it was read beyond a segment that was missing", async () => {
    const device = await startDevice(store, 0);
    await fillSegment(device);
    const theirs = new MemoryStore();
    const clone = await cloneOf(device, theirs);
    const id = await publishLast(device);
    const [segment] = [...store.objects.keys()].filter((key) => key.includes("seg/"));
    store.objects.delete(segment!);
    const reader = await startDevice(store, 1, { peers: [active(a)] });
    await until(() => hasRead(reader, id));
    for (let n = 0; n < 2; n++) await fillSegment(clone);
    await clone.engine.close();
    overwrite(theirs);
    expect(await isPublishedByReader(id)).toBe(true);
  });
});

test("a disk that refuses the first manifest of an incarnation does not stop the next one", async () => {
  const device = await startDevice(store, 0);
  const handle = device.engine.repo.create<Todos>({ items: ["one"] });
  await publish(device, handle);
  await device.engine.close();
  store.objects.clear();
  const { commit } = device.disk;
  let refused = 0;
  device.disk.commit = async (batch) => {
    if (batch.put?.["journal"] === undefined) return commit(batch);
    refused++;
    throw new PresyncError("disk-full", "the disk is full");
  };
  await done(device.restart());
  await until(() => refused > 0);
  device.disk.commit = commit;
  await done(device.restart());
  await until(() => device.engine.status().bucket === "saved");
  expect((await manifestOf(device)).line.map(({ from }) => from)).toEqual([1, 3]);
});

test("L-1: who has read only a part, and finds an older manifest, reads that one in the end", async () => {
  const device = await startDevice(store, 0);
  await fillSegment(device);
  const small = device.engine.repo.create<Todos>({ items: ["in the older tail"] });
  await publish(device, small);
  const key = objectKey(testNamespace, a, manifestName);
  const older = store.objects.get(key)!;
  await fillSegment(device);
  await device.engine.close();
  let segments = 0;
  store.fault = (method, of, phase) => {
    if (method === "GET" && phase === "before" && of.includes(`${a}/seg/`)) segments++;
    if (segments >= 2) throw new PresyncError("unreachable", "no network");
  };
  const reader = await startDevice(store, 1, { peers: [active(a)] });
  await until(() => segments >= 2);
  store.fault = () => undefined;
  store.objects.set(key, { ...older, etag: '"older"' });
  await until(() => hasRead(reader, small.documentId));
});
