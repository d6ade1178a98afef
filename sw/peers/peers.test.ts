/** Whole engines with channels between them; only the browsers' connections are doubles. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { generateAutomergeUrl, parseAutomergeUrl } from "@automerge/automerge-repo/slim";
import * as A from "@automerge/automerge";
import { afterEach, expect, test, vi } from "vitest";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Engine } from "../engine/engine.ts";
import { MemoryStore } from "../engine/memory-world.ts";
import type { Bucket } from "../engine/world.ts";
import type { FakeConnections, FakeTab } from "../testing/fake-connections.ts";
import { createFakeConnections } from "../testing/fake-connections.ts";
import type { TestDevice } from "../testing/test-device.ts";
import { closeDevices, openTodos, startDevice } from "../testing/test-device.ts";
import type { Peers } from "./peers.ts";
import { createPeers } from "./peers.ts";

const haste = 50;
const wait = (check: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(check()).toBe(true), { timeout: 15_000, interval: 5 });

const opened: Peers[] = [];
afterEach(async () => {
  for (const peers of opened.splice(0)) peers.close();
  await closeDevices();
});

interface Device extends TestDevice {
  readonly peers: Peers;
  readonly shown: string[];
  hinted: boolean;
  channels: ReadonlySet<ReplicaId>;
  isRevoked: boolean;
  /** Opens a tab that holds the connections from now on; returns what closes it. */
  tab(name: string): { readonly tab: FakeTab; close(): void };
  edit(id: DocumentId, item: string): Promise<void>;
  items(id: DocumentId): Promise<string[]>;
}

async function device(
  store: MemoryStore,
  connections: FakeConnections,
  index: number,
): Promise<Device> {
  const base = await startDevice(store, index, {
    haste,
    signedOut: true,
    engine: {
      changed: () => peers.refresh(),
      published: (generation) => peers.wrote(generation),
    },
  });
  const peers: Peers = createPeers({
    world: base.world,
    engine: (): Engine => base.engine,
    isRevoked: () => self.isRevoked,
    hinted(areLive, channels) {
      Object.assign(self, { hinted: areLive, channels });
    },
    changed: () => undefined,
  });
  opened.push(peers);
  const self: Device = Object.assign(base, {
    peers,
    shown: [] as string[],
    hinted: false,
    channels: new Set<ReplicaId>(),
    isRevoked: false,
    tab(name: string) {
      const tab = connections.tab(`${index} ${name}`, (event) =>
        peers.heard(name, event, tab.perform),
      );
      peers.heard(name, { what: "holding", isHolding: true }, tab.perform);
      return { tab, close: () => peers.left(name) };
    },
    async edit(id: DocumentId, item: string) {
      const todos = await openTodos(self, id, wait);
      todos.change((doc) => void doc.items.push(item));
      await self.engine.documents.store(todos);
      peers.stored(id);
    },
    items: async (id: DocumentId) => [...(await openTodos(self, id, wait)).doc().items],
  });
  peers.onChanges(({ documentId }) => void self.shown.push(documentId));
  use(self, base.bucket);
  return self;
}

/** The same, with nobody but that one. */
const only = (bucket: Bucket, { replica }: Device): Bucket => ({
  ...bucket,
  peers: () => [{ replica, state: "active" }],
});

function use(self: Device, bucket: Bucket): void {
  self.engine.use(bucket);
  self.peers.use(bucket);
}

interface Pair {
  readonly store: MemoryStore;
  readonly connections: FakeConnections;
  readonly one: Device;
  readonly two: Device;
  readonly id: DocumentId;
}

async function pair(): Promise<Pair> {
  const [store, connections] = [new MemoryStore(), createFakeConnections()];
  const one = await device(store, connections, 0);
  const two = await device(store, connections, 1);
  const { documentId: id } = parseAutomergeUrl(generateAutomergeUrl());
  const handle = await one.engine.open(id);
  handle.update(() => A.from({ items: ["first"] }));
  await one.engine.documents.store(handle);
  await openTodos(two, id, wait);
  return { store, connections, one, two, id };
}

async function connected(both: Pair): Promise<void> {
  both.one.tab("first");
  both.two.tab("first");
  await untilConnected(both);
}

const untilConnected = ({ one, two }: Pair): Promise<void> =>
  wait(() => one.peers.has(two.replica) && two.peers.has(one.replica));

const refusePuts =
  (...devices: readonly Device[]): MemoryStore["fault"] =>
  (method, key, phase) => {
    const isCut = devices.some(({ replica }) => key.includes(`/${replica}/`));
    if (phase === "before" && method === "PUT" && isCut) throw new Error("cut off");
  };

test("two replicas find each other through the bucket, and polling relaxes when there is nobody else", async () => {
  const both = await pair();
  const { one, two } = both;
  expect([one.hinted, two.hinted]).toEqual([false, false]);
  await connected(both);
  await wait(() => one.channels.has(two.replica) && two.channels.has(one.replica));
  // Two more have a grant, and no channel.
  expect([one.hinted, two.hinted]).toEqual([false, false]);
  for (const [each, other] of [
    [one, two],
    [two, one],
  ] as const)
    use(each, only(each.bucket, other));
  await wait(() => one.hinted && two.hinted);
});

test("without a bucket, or a grant for it, who is lost is not asked for", async () => {
  const both = await pair();
  const { one, two } = both;
  await connected(both);
  // The engine no longer knows anybody, as far as a moment may lie between the two.
  one.engine.use(null);
  one.engine.hint(two.replica);
  one.peers.use(null);
  expect(one.peers.has(two.replica)).toBe(false);
  two.engine.use({ ...two.bucket, peers: () => [] });
  two.peers.use({ ...two.bucket, peers: () => [] });
  await wait(() => !two.peers.has(one.replica));
  expect([one.events, two.events]).toEqual([[], []]);
});

test("an edit is shown on the other device while neither can write to the bucket", async () => {
  const both = await pair();
  const { one, two, id, store } = both;
  await connected(both);
  await wait(
    () => one.engine.status().bucket === "saved" && two.engine.status().bucket === "saved",
  );
  store.fault = refusePuts(one, two);
  await one.edit(id, "live");
  await wait(() => two.shown.includes(id));
  expect(await two.items(id)).toEqual(["first", "live"]);
  for (const each of [one, two]) expect(each.engine.status().pending.changes).toBe(1);
});

test("what was made before the channel was open comes when it is", async () => {
  const both = await pair();
  const { one, two, id, store } = both;
  await wait(
    () => one.engine.status().bucket === "saved" && two.engine.status().bucket === "saved",
  );
  store.fault = (method, key, phase) => {
    if (phase === "before" && method === "PUT" && key.endsWith("manifest")) throw new Error("cut");
  };
  await one.edit(id, "early");
  await connected(both);
  await wait(() => two.shown.includes(id));
  expect(await two.items(id)).toEqual(["first", "early"]);
});

test("a publication is told of, and read at once", async () => {
  const both = await pair();
  const { one, two, store, id } = both;
  await connected(both);
  await wait(() => one.engine.status().bucket === "saved");
  const reads = (): number =>
    store.requests.filter(
      ({ by, method, key }) =>
        by === two.replica && method === "GET" && key.endsWith(`${one.replica}/manifest`),
    ).length;
  const handle = await openTodos(one, id, wait);
  // Not told of by itself: only the hint that follows the PUT is.
  handle.change((doc) => void doc.items.push("hinted"));
  two.engine.conditions({ online: true, visible: true, hinted: true });
  const before = reads();
  await one.engine.documents.store(handle);
  await wait(() => reads() > before);
  await vi.waitFor(async () => expect(await two.items(id)).toContain("hinted"));
});

test("another tab takes over, and the connections are opened anew", async () => {
  const both = await pair();
  const { one, two } = both;
  const first = one.tab("first");
  two.tab("first");
  await untilConnected(both);
  first.close();
  expect(one.peers.has(two.replica)).toBe(false);
  one.tab("second");
  await untilConnected(both);
});

test("who falls silent is noticed, polling is what it was, and it is looked at", async () => {
  const both = await pair();
  const { one, two, connections, store } = both;
  use(one, only(one.bucket, two));
  await connected(both);
  await wait(() => one.hinted);
  connections.isSilent = true;
  const before = store.requests.length;
  await wait(() => !one.peers.has(two.replica));
  expect(one.hinted).toBe(false);
  await wait(() =>
    store.requests
      .slice(before)
      .some(({ by, key }) => by === one.replica && key.endsWith(`${two.replica}/manifest`)),
  );
});

test("a tab that hangs is nobody's loss: the bucket works on", async () => {
  const both = await pair();
  const { one, two, id } = both;
  one.tab("first").tab.isHung = true;
  two.tab("first");
  await one.edit(id, "by way of the bucket");
  await vi.waitFor(async () => expect(await two.items(id)).toContain("by way of the bucket"), {
    timeout: 10_000,
  });
  expect(one.peers.has(two.replica)).toBe(false);
});

test("out of sight nothing is begun, and what works goes on", async () => {
  const both = await pair();
  const { one, two, store } = both;
  for (const each of [one, two]) each.peers.conditions({ visible: false });
  one.tab("first");
  two.tab("first");
  await new Promise((resolve) => void setTimeout(resolve, 10_000 / haste));
  expect(store.requests.filter(({ key }) => key.endsWith("/signal"))).toEqual([]);
  for (const each of [one, two]) each.peers.conditions({ visible: true });
  await untilConnected(both);
  for (const each of [one, two]) each.peers.conditions({ visible: false });
  await new Promise((resolve) => void setTimeout(resolve, 30_000 / haste));
  expect(one.peers.has(two.replica)).toBe(true);
});

test("whom the grant does not list is no peer, whatever it signals", async () => {
  const both = await pair();
  const { one, two } = both;
  const none: Bucket = { ...two.bucket, peers: () => [] };
  use(two, none);
  one.tab("first");
  two.tab("first");
  const [from, bytes] = [one.replica, new Uint8Array([1])];
  two.peers.useService({
    send: async () => undefined,
    subscribe: (tell) => (tell(from, bytes), () => undefined),
  });
  await new Promise((resolve) => void setTimeout(resolve, 20_000 / haste));
  expect([one.peers.has(two.replica), two.peers.has(one.replica)]).toEqual([false, false]);
});

test("a device whose sign-in was ended leaves, and gets nothing more", async () => {
  const both = await pair();
  await connected(both);
  const { one, two } = both;
  two.isRevoked = true;
  two.peers.refresh();
  await wait(() => !one.peers.has(two.replica) && !two.peers.has(one.replica));
  await new Promise((resolve) => void setTimeout(resolve, 20_000 / haste));
  expect([one.peers.has(two.replica), two.peers.has(one.replica)]).toEqual([false, false]);
});

test("the service's way is enough, and a signal is not taken from whom it is not vouched for", async () => {
  const both = await pair();
  const { one, two, store } = both;
  store.fault = (_, key, phase) => {
    if (phase === "before" && key.endsWith("/signal")) throw new Error("nothing this way");
  };
  const listeners = new Map<ReplicaId, (from: ReplicaId, bytes: Uint8Array) => void>();
  const impostor = "browser-00000d" as ReplicaId;
  let vouchedFor: ReplicaId | null = impostor;
  const service = (own: ReplicaId) => ({
    send: async (to: ReplicaId, bytes: Uint8Array) =>
      void Promise.resolve().then(() => listeners.get(to)?.(vouchedFor ?? own, bytes)),
    subscribe(listener: (from: ReplicaId, bytes: Uint8Array) => void) {
      listeners.set(own, listener);
      return () => void listeners.delete(own);
    },
  });
  for (const each of [one, two]) each.peers.useService(service(each.replica));
  one.tab("first");
  two.tab("first");
  await new Promise((resolve) => void setTimeout(resolve, 10_000 / haste));
  expect(one.peers.has(two.replica)).toBe(false);
  vouchedFor = null;
  // The next offer, after one that nobody took.
  for (const each of [one, two]) each.peers.left("first");
  one.tab("second");
  two.tab("second");
  await untilConnected(both);
});

test("ephemeral messages go to whoever is connected, and say from whom", async () => {
  const both = await pair();
  const { one, two } = both;
  await connected(both);
  const heard: [ReplicaId, number[]][] = [];
  const end = two.peers.onEphemeral((from, bytes) => void heard.push([from, [...bytes]]));
  one.peers.sendEphemeral(new Uint8Array([1, 2]));
  await wait(() => heard.length === 1);
  end();
  one.peers.sendEphemeral(new Uint8Array([3]));
  expect(() => one.peers.sendEphemeral(new Uint8Array(20_000))).toThrow(/16384/);
  await new Promise((resolve) => void setTimeout(resolve, 20));
  expect(heard).toEqual([[one.replica, [1, 2]]]);
});
