import * as A from "@automerge/automerge";
import { randomBytes } from "node:crypto";
import type { AutomergeUrl, DocHandle, PeerId } from "@automerge/automerge-repo/slim";
import { generateAutomergeUrl, parseAutomergeUrl } from "@automerge/automerge-repo/slim";
import { afterEach, expect, test } from "vitest";
import { PresyncError } from "../../shared/errors.ts";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import { createTestWorld } from "../testing/test-world.ts";
import { dirtyKey } from "./dirty-set.ts";
import type { Engine } from "./engine.ts";
import { createEngine } from "./engine.ts";
import { headsOf } from "./documents.ts";
import type { MemoryDisk } from "./memory-world.ts";
import { createMemoryDisk, MemoryStore } from "./memory-world.ts";
import { createMemoryStorage } from "./memory-storage.ts";
import type { World } from "./world.ts";

const namespace = "key:someone" as Namespace;
const replicas = ["browser-00000a", "browser-00000b", "browser-00000c"] as ReplicaId[];

interface Todos {
  items: string[];
}

/** Time runs this much faster: these tests are about order, not about time. */
const haste = 100;
/** How far the devices' clock has been set. */
let clockOffsetMs = 0;

interface Device {
  readonly replica: ReplicaId;
  readonly disk: MemoryDisk;
  readonly storage: ReturnType<typeof createMemoryStorage>;
  engine: Engine;
  /** Ends the engine without letting it finish anything, and starts another on the same disk. */
  restart(): Promise<void>;
}

const open: Engine[] = [];
afterEach(async () => {
  clockOffsetMs = 0;
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});

async function device(store: MemoryStore, index: number): Promise<Device> {
  const replica = replicas[index]!;
  const disk = createMemoryDisk();
  const storage = createMemoryStorage();
  const start = async (): Promise<Engine> => {
    const engine = await createEngine({
      world: world(disk),
      openStorage: () => storage,
      peerId: `worker-${randomBytes(4).toString("hex")}` as PeerId,
      replica,
      lockName: replica,
      changed() {},
      expired() {},
    });
    open.push(engine);
    engine.use(
      store.bucket(
        namespace,
        replica,
        replicas.filter((other) => other !== replica),
      ),
    );
    return engine;
  };
  const self: Device = {
    replica,
    disk,
    storage,
    engine: await start(),
    async restart() {
      void self.engine.close();
      self.engine = await start();
    },
  };
  return self;
}

function world(disk: MemoryDisk): World {
  return createTestWorld(disk, { haste, offsetMs: () => clockOffsetMs });
}

async function until(check: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 6_000; turn++) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`never happened: ${what}`);
}

/** Looks for a document until it has come. */
async function found(engine: Engine, url: AutomergeUrl): Promise<DocHandle<Todos>> {
  const handle = await engine.open(parseAutomergeUrl(url).documentId);
  await until(() => handle.isReady(), "the document has come");
  return handle as DocHandle<Todos>;
}

function items(engine: Engine, url: AutomergeUrl): string[] | undefined {
  const handle = engine.documents.loaded(parseAutomergeUrl(url).documentId);
  return (handle?.doc() as Todos | undefined)?.items;
}

test("what one device creates, the other finds, and both edit it at once", async () => {
  const store = new MemoryStore();
  const [a, b] = [await device(store, 0), await device(store, 1)];
  const onA = a.engine.repo.create<Todos>({ items: ["milk"] });
  await a.engine.inBucket(onA.documentId, headsOf(onA));
  const onB = await found(b.engine, onA.url);
  expect(onB.doc().items).toEqual(["milk"]);
  onA.change((doc) => void doc.items.push("bread"));
  onB.change((doc) => void doc.items.push("eggs"));
  await until(() => onA.doc().items.length === 3 && onB.doc().items.length === 3, "converged");
  expect(onA.heads()).toEqual(onB.heads());
  expect(onA.doc()).toEqual(onB.doc());
});

test("documents are read without being opened", async () => {
  const store = new MemoryStore();
  const [a, b] = [await device(store, 0), await device(store, 1)];
  const [first, second] = ["milk", "bread"].map((item) =>
    a.engine.repo.create<Todos>({ items: [item] }),
  );
  for (const handle of [first!, second!])
    await a.engine.inBucket(handle.documentId, headsOf(handle));
  const isRead = ({ documentId }: DocHandle<Todos>): boolean =>
    [...b.disk.values.keys()].some((key) => key.startsWith(`inbox/${documentId}/`));
  await until(() => isRead(first!) && isRead(second!), "both have come");
  const absent = parseAutomergeUrl(generateAutomergeUrl()).documentId;
  const ids = [second!.documentId, absent, first!.documentId];
  const expected = [{ items: ["bread"] }, null, { items: ["milk"] }];
  const contents = ({ engine }: Device): Promise<unknown> =>
    Promise.all(ids.map((id) => engine.peek(id, (doc) => A.toJS(doc))));
  expect(await contents(a)).toEqual(expected);
  expect(await contents(b)).toEqual(expected);
  expect(b.engine.repo.handles).toEqual({});
  // Once, also where it makes nothing of the document.
  let looks = 0;
  await b.engine.peek(second!.documentId, () => void looks++);
  expect(looks).toBe(1);
  // What is damaged hides nothing of what is here.
  await found(b.engine, first!.url);
  await b.restart();
  const waiting = `inbox/${first!.documentId}/browser-00000c/00/1-1`;
  const entry = { heads: [], chunks: [randomBytes(40)], receivedAt: 0 };
  await b.disk.commit({ put: { [waiting]: entry } });
  await b.restart();
  expect(await contents(b)).toEqual(expected);
});

test("a lone edit is one PUT, and one GET with a body", async () => {
  const store = new MemoryStore();
  const [a, b] = [await device(store, 0), await device(store, 1)];
  const onA = a.engine.repo.create<Todos>({ items: [] });
  await a.engine.inBucket(onA.documentId, headsOf(onA));
  const onB = await found(b.engine, onA.url);
  await until(() => !b.engine.status().pending.documents, "B is quiet");
  const before = store.requests.length;
  onA.change((doc) => void doc.items.push("bread"));
  await until(() => onB.doc().items.length === 1, "seen");
  const made = store.requests.slice(before).filter(({ bytes }) => bytes > 0);
  expect(made.filter(({ method }) => method === "PUT")).toHaveLength(1);
  expect(
    made.filter(
      ({ by, key, method }) => by === b.replica && method === "GET" && key.includes(a.replica),
    ),
  ).toHaveLength(1);
});

test("after a restart what was not sent yet is sent, and nothing is sent twice", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  store.fault = (method) => {
    if (method === "PUT") throw new PresyncError("unreachable", "no network");
  };
  const handle = a.engine.repo.create<Todos>({ items: ["offline"] });
  await a.engine.repo.flush([handle.documentId]);
  expect(a.engine.status().pending.documents).toBe(1);
  await a.restart();
  expect(a.engine.status().pending.documents).toBe(1);
  store.fault = () => {};
  await until(() => a.engine.status().bucket === "saved", "saved");
  const puts = (): number => store.requests.filter(({ method }) => method === "PUT").length;
  const after = puts();
  await a.restart();
  await a.engine.open(handle.documentId);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(puts()).toBe(after);
  const b = await device(store, 1);
  expect((await found(b.engine, handle.url)).doc().items).toEqual(["offline"]);
});

test("many flushes stay in few objects, and a late reader gets all of them", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  for (let index = 0; index < 120; index++) {
    handle.change((doc) => void doc.items.push(`item ${index} ${"x".repeat(200)}`));
    await a.engine.repo.flush([handle.documentId]);
    await a.engine.inBucket(handle.documentId, headsOf(handle));
  }
  expect(store.objects.size).toBeLessThanOrEqual(12);
  const b = await device(store, 1);
  const onB = await found(b.engine, handle.url);
  expect(onB.doc().items).toHaveLength(120);
  expect(items(b.engine, handle.url)).toHaveLength(120);
});

test("a corrupt manifest, a foreign object and a damaged segment are problems, and work goes on", async () => {
  const store = new MemoryStore();
  const [a, b] = [await device(store, 0), await device(store, 1)];
  const manifestOfA = `${namespace}/${a.replica}/manifest`;
  const onA = a.engine.repo.create<Todos>({ items: ["one"] });
  await a.engine.inBucket(onA.documentId, headsOf(onA));
  const good = store.objects.get(manifestOfA)!;
  const foreign = `${namespace}/${replicas[2]!}/manifest`;
  store.objects.set(foreign, { bytes: new TextEncoder().encode("<html>"), etag: "f" });
  const damaged = good.bytes.slice();
  damaged[damaged.length - 1]! ^= 1;
  store.objects.set(manifestOfA, { bytes: damaged, etag: "damaged" });
  // Its owner would mend it before anybody else has looked.
  store.fault = (method) => {
    if (method === "PUT") throw new PresyncError("unreachable", "no network");
  };
  const problems = (): Set<string> =>
    new Set(b.engine.status().problems.map(({ code, key }) => `${code} ${key ?? ""}`));
  await until(() => problems().size >= 2, "two problems");
  expect(problems()).toEqual(new Set([`malformed ${manifestOfA}`, `malformed ${foreign}`]));
  store.fault = () => {};
  // The owner looks at its own manifest too, and puts it back.
  await until(() => !problems().has(`malformed ${manifestOfA}`), "A's manifest is mended");
  onA.change((doc) => void doc.items.push("two"));
  const onB = await found(b.engine, onA.url);
  await until(() => onB.doc().items.length === 2, "B goes on reading A");
});

test("a manifest that was deleted or rolled back is written again", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const key = `${namespace}/${a.replica}/manifest`;
  const handle = a.engine.repo.create<Todos>({ items: ["one"] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  const old = store.objects.get(key)!;
  handle.change((doc) => void doc.items.push("two"));
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  store.objects.delete(key);
  await until(() => store.objects.has(key), "written again");
  store.objects.set(key, { ...old, etag: "late" });
  await until(() => store.objects.get(key)!.etag !== "late", "written over the older one");
});

test("a PUT whose answer was lost is repeated with the same bytes before anything else", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  let lost = 0;
  store.fault = (method, _key, phase) => {
    if (method !== "PUT" || phase !== "after" || lost >= 2) return;
    lost++;
    throw new PresyncError("outcome-unknown", "no answer");
  };
  const handle = a.engine.repo.create<Todos>({ items: ["one"] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  const sizes = store.requests.filter(({ method }) => method === "PUT").map(({ bytes }) => bytes);
  expect(lost).toBe(2);
  expect(new Set(sizes.slice(0, 3)).size).toBe(1);
});

test("a later incarnation makes the earlier one stop writing", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const earlier = a.engine;
  const handle = earlier.repo.create<Todos>({ items: [] });
  await earlier.inBucket(handle.documentId, headsOf(handle));
  const later = await createEngine({
    world: world(a.disk),
    openStorage: () => a.storage,
    peerId: "worker-later" as PeerId,
    replica: a.replica,
    lockName: a.replica,
    changed() {},
    expired() {},
  });
  open.push(later);
  const puts = store.requests.filter(({ method }) => method === "PUT").length;
  earlier.use(store.bucket(namespace, a.replica, []));
  handle.change((doc) => void doc.items.push("from the old one"));
  await expect(earlier.inBucket(handle.documentId, headsOf(handle))).rejects.toMatchObject({
    code: "closed",
  });
  expect(store.requests.filter(({ method }) => method === "PUT")).toHaveLength(puts);
});

test("a full disk is a problem, stops no edit, and ends by itself", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  const save = a.storage.save.bind(a.storage);
  a.storage.save = async () => {
    throw Object.assign(new Error(""), { name: "QuotaExceededError" });
  };
  handle.change((doc) => void doc.items.push("kept in memory"));
  await until(() => a.engine.status().diskFailing, "the disk is full");
  expect(a.engine.status().problems.map(({ code }) => code)).toEqual(["disk-full"]);
  expect(a.engine.status().bucket).not.toBe("saved");
  a.storage.save = save;
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  await until(() => a.engine.status().problems.length === 0, "mended");
  expect(a.engine.status().diskFailing).toBe(false);
});

test("nothing is acknowledged that is not here", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  let resolved = false;
  const unknown = "0".repeat(64);
  a.engine.inBucket(handle.documentId, [unknown]).then(
    () => (resolved = true),
    () => {},
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(resolved).toBe(false);
});

test("after a restart a document that was published counts as such, without a request", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  const heads = headsOf(handle);
  await a.engine.inBucket(handle.documentId, heads);
  await a.restart();
  const waiting = a.engine.inBucket(handle.documentId, heads);
  await a.engine.open(handle.documentId);
  await waiting;
  expect(a.engine.status().bucket).toBe("saved");
});

test("of two clones of one profile one takes flight, and neither's edit is lost", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: ["before"] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  let cloned = 0;
  const clone = await createEngine({
    world: world(createMemoryDisk(new Map(structuredClone([...a.disk.values])))),
    openStorage: () => createMemoryStorage(new Map(a.storage.chunks)),
    peerId: "worker-clone" as PeerId,
    replica: a.replica,
    lockName: "another device",
    changed() {},
    expired() {},
    cloned: () => cloned++,
  });
  open.push(clone);
  handle.change((doc) => void doc.items.push("original"));
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  const key = `${namespace}/${a.replica}/manifest`;
  const original = store.objects.get(key);
  clone.use(store.bucket(namespace, a.replica, []));
  const copy = (await clone.open(handle.documentId)) as DocHandle<Todos>;
  copy.change((doc) => void doc.items.push("clone"));
  await clone.repo.flush([copy.documentId]);
  await until(() => cloned > 0, "the clone notices");
  expect(store.objects.get(key)).toBe(original);
  expect(clone.status().bucket).not.toBe("saved");
});

test("a restored profile looks before it writes: what is newer in the bucket stays", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  const backup = {
    disk: new Map(structuredClone([...a.disk.values])),
    chunks: new Map(a.storage.chunks),
  };
  handle.change((doc) => void doc.items.push("newer"));
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  await a.engine.close();
  const key = `${namespace}/${a.replica}/manifest`;
  const newer = store.objects.get(key);
  let cloned = 0;
  const restored = await createEngine({
    world: world(createMemoryDisk(backup.disk)),
    openStorage: () => createMemoryStorage(backup.chunks),
    peerId: "worker-restored" as PeerId,
    replica: a.replica,
    lockName: "restored",
    changed() {},
    expired() {},
    cloned: () => cloned++,
  });
  open.push(restored);
  const copy = (await restored.open(handle.documentId)) as DocHandle<Todos>;
  copy.change((doc) => void doc.items.push("unsent"));
  restored.use(store.bucket(namespace, a.replica, []));
  await until(() => cloned > 0, "it notices");
  expect(store.objects.get(key)).toBe(newer);
});

test("a lost own segment is published anew, and late readers get everything", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  const edit = async (index: number): Promise<void> => {
    handle.change(
      (doc) => void doc.items.push(`item ${index} ${randomBytes(300).toString("hex")}`),
    );
    await a.engine.repo.flush([handle.documentId]);
    await a.engine.inBucket(handle.documentId, headsOf(handle));
  };
  for (let index = 0; index < 12; index++) await edit(index);
  const segment = [...store.objects.keys()].find((key) => key.includes("/seg/"))!;
  store.objects.delete(segment);
  for (let index = 12; index < 40; index++) await edit(index);
  const b = await device(store, 1);
  const onB = await found(b.engine, handle.url);
  await until(() => onB.doc().items.length === 40, "B has everything");
  expect(store.objects.size).toBeLessThanOrEqual(14);
});

test("a lost segment is published anew also where others built on what was in it", async () => {
  const store = new MemoryStore();
  const [a, b] = [await device(store, 0), await device(store, 1)];
  const onA = a.engine.repo.create<Todos>({ items: [] });
  const edit = async (): Promise<void> => {
    onA.change((doc) => void doc.items.push(randomBytes(600).toString("hex")));
    await a.engine.repo.flush([onA.documentId]);
    await a.engine.inBucket(onA.documentId, headsOf(onA));
  };
  for (let index = 0; index < 5; index++) await edit();
  const onB = await found(b.engine, onA.url);
  await until(() => onB.doc().items.length === 5, "B has read A");
  onB.change((doc) => void doc.items.push("built on it"));
  await b.engine.inBucket(onB.documentId, headsOf(onB));
  await until(() => onA.doc().items.length === 6, "A has read B");
  const segment = [...store.objects.keys()].find((key) => key.includes("/seg/"))!;
  store.objects.delete(segment);
  for (let index = 0; index < 24; index++) await edit();
  await until(() => a.engine.status().bucket === "saved", "A has mended it");
  const c = await device(store, 2);
  const onC = await found(c.engine, onA.url);
  await until(() => onC.doc().items.length === 30, "a cold reader has everything");
  expect(onC.heads()).toEqual(onA.heads());
});

test("I14: a stored document that cannot be read keeps no other back", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const [bad, good] = [
    a.engine.repo.create<Todos>({ items: ["bad"] }),
    a.engine.repo.create<Todos>({ items: ["good"] }),
  ];
  await a.engine.repo.flush([bad.documentId, good.documentId]);
  await a.engine.close();
  for (const [key, chunk] of a.storage.chunks)
    if (key.startsWith(bad.documentId))
      a.storage.chunks.set(
        key,
        chunk.map((byte) => byte ^ 0xff),
      );
  a.disk.values.set(dirtyKey(bad.documentId), true);
  a.disk.values.set(dirtyKey(good.documentId), true);
  await a.restart();
  const again = (await a.engine.open(good.documentId)) as DocHandle<Todos>;
  again.change((doc) => void doc.items.push("more"));
  await a.engine.repo.flush([again.documentId]);
  await a.engine.inBucket(again.documentId, headsOf(again));
  expect(again.doc().items).toEqual(["good", "more"]);
});

test("a segment PUT that lands late, after its slot was given up, misleads nobody", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  // The first answer is a gateway's: the PUT itself is still on its way.
  let failed: string | undefined;
  store.fault = (method, key, phase) => {
    if (failed !== undefined || method !== "PUT" || !key.includes("/seg/") || phase !== "before")
      return;
    failed = key;
    throw new PresyncError("retry", "504");
  };
  handle.change((doc) => void doc.items.push(randomBytes(3_000).toString("hex")));
  await a.engine.repo.flush([handle.documentId]);
  await until(() => failed !== undefined, "the first attempt failed");
  handle.change((doc) => void doc.items.push(randomBytes(3_000).toString("hex")));
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  const late = store.objects.get(failed!)!;
  store.objects.set(failed!, { ...late, etag: "late" });
  const b = await device(store, 1);
  const onB = await found(b.engine, handle.url);
  await until(() => onB.doc().items.length === 2, "B has both");
  expect(onB.heads()).toEqual(handle.heads());
});

test("closing ends, whatever hangs", async () => {
  const store = new MemoryStore();
  const a = await device(store, 0);
  const handle = a.engine.repo.create<Todos>({ items: [] });
  await a.engine.inBucket(handle.documentId, headsOf(handle));
  a.storage.save = () => new Promise(() => {});
  handle.change((doc) => void doc.items.push("never stored"));
  void a.engine.repo.flush([handle.documentId]);
  await until(() => a.engine.status().pending.documents > 0, "marked");
  void a.engine.flush();
  await a.engine.close();
  expect(a.engine.status().bucket).not.toBe("saved");
});

test("a clock that is set back by a day puts neither reading nor writing off", async () => {
  const store = new MemoryStore();
  clockOffsetMs = 86_400_000;
  const [a, b] = [await device(store, 0), await device(store, 1)];
  const onA = a.engine.repo.create<Todos>({ items: [] });
  await a.engine.inBucket(onA.documentId, headsOf(onA));
  const onB = await found(b.engine, onA.url);
  clockOffsetMs = 0;
  onA.change((doc) => void doc.items.push("after the jump"));
  await a.engine.inBucket(onA.documentId, headsOf(onA));
  await until(() => onB.doc().items.length === 1, "B has it");
  expect(onB.heads()).toEqual(onA.heads());
});

test("I11: what stays damaged is asked for with growing pauses", async () => {
  const store = new MemoryStore();
  const key = `${namespace}/${replicas[2]!}/manifest`;
  store.objects.set(key, { bytes: new TextEncoder().encode("damaged"), etag: "x" });
  const askedAt: number[] = [];
  store.fault = (method, asked, phase) => {
    if (method === "GET" && asked === key && phase === "before") askedAt.push(Date.now() * haste);
  };
  await device(store, 0);
  await until(() => askedAt.length >= 4, "it was looked at four times");
  // Pauses of 6, 12 and 24 seconds, less a tenth of jitter; timers are never early.
  const pauses = askedAt.slice(1).map((at, index) => at - askedAt[index]!);
  expect(pauses[0]).toBeGreaterThan(5_000);
  expect(pauses[1]).toBeGreaterThan(10_000);
  expect(pauses[2]).toBeGreaterThan(20_000);
});
