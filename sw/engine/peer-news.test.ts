import type { DocumentId } from "@automerge/automerge-repo/slim";
import { generateAutomergeUrl, parseAutomergeUrl } from "@automerge/automerge-repo/slim";
import * as A from "@automerge/automerge";
import { afterEach, expect, test, vi } from "vitest";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import type { Changes } from "../../shared/wire.ts";
import type { TestDevice } from "../testing/test-device.ts";
import { closeDevices, openTodos, startDevice } from "../testing/test-device.ts";
import { dirtyKey } from "./dirty-set.ts";
import { frontierPrefix } from "./frontier.ts";
import { MemoryStore } from "./memory-world.ts";
import { unpackDocumentId } from "./packing.ts";
import type { Reception } from "./peer-news.ts";

afterEach(closeDevices);

/** These tests are about order, not about time: a second of the devices is ten milliseconds. */
const haste = 100;
/** Where something is to be done while a document is held: that is a second of the machine's here. */
const lessHaste = 10;
const wait = (check: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(check()).toBe(true), { timeout: 10_000, interval: 5 });

interface Pair {
  readonly store: MemoryStore;
  readonly sender: TestDevice;
  readonly receiver: TestDevice;
  readonly id: DocumentId;
  edit(device: TestDevice, item: string): Promise<void>;
  items(device: TestDevice): Promise<string[]>;
}

/** Two devices that have the same document, open, and in the bucket. */
async function pair(pace: number = haste): Promise<Pair> {
  const store = new MemoryStore();
  const [sender, receiver] = [
    await startDevice(store, 0, { haste: pace }),
    await startDevice(store, 1, { haste: pace }),
  ];
  const { documentId: id } = parseAutomergeUrl(generateAutomergeUrl());
  const handle = await sender.engine.open(id);
  handle.update(() => A.from({ items: ["first"] }));
  await sender.engine.documents.store(handle);
  await wait(() => sender.engine.status().bucket === "saved");
  await openTodos(receiver, id, wait);
  await wait(() => receiver.engine.status().bucket === "saved");
  return {
    store,
    sender,
    receiver,
    id,
    async edit(device, item) {
      const todos = await openTodos(device, id, wait);
      todos.change((doc) => void doc.items.push(item));
      await device.engine.documents.store(todos);
    },
    items: async (device) => [...(await openTodos(device, id, wait)).doc().items],
  };
}

/** What the sender would put on a channel, while the store takes nothing of it. */
async function unpublished(
  { sender, id, edit, store }: Pair,
  item: string,
): Promise<PackedDocument> {
  cutOff(store, sender);
  await edit(sender, item);
  const news = await sender.engine.news.take(id, []);
  if (news === null) throw new Error("there is no news");
  return news;
}

/** What becomes of one publication that comes off a channel. */
async function receive(
  device: TestDevice,
  from: TestDevice,
  document: PackedDocument,
  shown: () => void = () => undefined,
): Promise<Reception | undefined> {
  const publications = [{ from: from.replica, document }];
  const id = unpackDocumentId(document.documentId);
  const [reception] = await device.engine.news.receive(id, publications, shown);
  return reception;
}

function cutOff(store: MemoryStore, ...devices: readonly TestDevice[]): void {
  store.fault = (method, key, phase) => {
    const isCut = devices.some(({ replica }) => key.includes(`/${replica}/`));
    if (phase === "before" && method === "PUT" && isCut) throw new Error("cut off");
  };
}

const frontierOf = (device: TestDevice): unknown[] =>
  [...device.disk.values].filter(([key]) => key.startsWith(frontierPrefix));

const puts = (store: MemoryStore, device: TestDevice): number =>
  store.requests.filter(({ method, by }) => method === "PUT" && by === device.replica).length;

test("what a peer sends is shown and stored, and counts as not in the bucket", async () => {
  const both = await pair();
  const { receiver, sender, store } = both;
  const news = await unpublished(both, "live");
  const before = frontierOf(receiver);
  const written = puts(store, receiver);
  let shown = 0;
  const reception = await receive(receiver, sender, news, () => shown++);
  expect([reception, shown]).toEqual(["applied", 1]);
  expect(await both.items(receiver)).toEqual(["first", "live"]);
  expect(receiver.disk.values.has(dirtyKey(both.id))).toBe(true);
  // FR-1: nobody has read it from the bucket.
  expect(frontierOf(receiver)).toEqual(before);
  const { bucket, pending } = receiver.engine.status();
  expect([bucket, pending.documents, pending.changes]).toEqual(["saving", 1, 1]);
  // It is held: its maker is about to publish it.
  expect(puts(store, receiver)).toBe(written);
  expect(await receive(receiver, sender, news, () => shown++)).toBe("known");
});

test("it is not published here when its maker has published it", async () => {
  const both = await pair(lessHaste);
  const { receiver, sender, store } = both;
  const news = await unpublished(both, "live");
  const written = puts(store, receiver);
  await receive(receiver, sender, news);
  // Nothing is due: it is held.
  expect(await receiver.engine.flush()).toBe(true);
  expect(puts(store, receiver)).toBe(written);
  expect(receiver.engine.status().bucket).not.toBe("saved");
  store.fault = () => undefined;
  await sender.engine.flush();
  receiver.engine.hint(sender.replica);
  await wait(() => receiver.engine.status().bucket === "saved");
  // The mark goes when the hold has ended, and nothing was left to publish.
  await wait(() => !receiver.disk.values.has(dirtyKey(both.id)));
  expect(puts(store, receiver)).toBe(written);
});

test("it is published here when its maker never does", async () => {
  const both = await pair();
  const { receiver, sender, store } = both;
  const news = await unpublished(both, "live");
  await receive(receiver, sender, news);
  await sender.engine.close();
  await wait(() => receiver.engine.status().bucket === "saved");
  expect(puts(store, receiver)).toBeGreaterThan(0);
  const third = await startDevice(store, 2, { haste });
  await openTodos(third, both.id, wait);
  await wait(() => third.engine.documents.loaded(both.id) !== undefined);
  await vi.waitFor(async () => expect(await both.items(third)).toEqual(["first", "live"]), {
    timeout: 10_000,
  });
});

test("it survives a worker that ends, and is then published at once", async () => {
  const both = await pair();
  const { receiver, sender } = both;
  const news = await unpublished(both, "live");
  await receive(receiver, sender, news);
  await sender.engine.close();
  await receiver.restart();
  await wait(() => receiver.engine.status().lastSavedAt !== null);
  await wait(() => !receiver.disk.values.has(dirtyKey(both.id)));
  expect(await both.items(receiver)).toEqual(["first", "live"]);
});

test("an edit of this device's own is not held back by what came from others", async () => {
  const both = await pair();
  const { receiver, sender, id } = both;
  const news = await unpublished(both, "live");
  await receive(receiver, sender, news);
  expect(receiver.engine.news.heldUntil(id)).toBeGreaterThan(0);
  await both.edit(receiver, "own");
  expect(receiver.engine.news.heldUntil(id)).toBe(0);
  await receiver.engine.flush();
  expect(receiver.engine.status().bucket).toBe("saved");
});

test("an own edit that comes back from a peer, under what was built on it, is not held back", async () => {
  const both = await pair();
  const { receiver, sender, store, id } = both;
  cutOff(store, sender, receiver);
  await both.edit(receiver, "own");
  const own = await receiver.engine.news.take(id, []);
  await receive(sender, receiver, own!);
  await both.edit(sender, "on top");
  const news = await sender.engine.news.take(id, []);
  expect(await receive(receiver, sender, news!)).toBe("applied");
  expect(receiver.engine.news.heldUntil(id)).toBe(0);
});

test("while its maker goes on publishing nothing is published here", async () => {
  const both = await pair(lessHaste);
  const { receiver, sender, store, id } = both;
  const written = puts(store, receiver);
  const todos = await openTodos(sender, id, wait);
  for (let count = 0; count < 12; count++) {
    todos.change((doc) => void doc.items.push(`item ${count}`));
    await sender.engine.documents.store(todos);
    const news = await sender.engine.news.take(id, []);
    if (news !== null) await receive(receiver, sender, news);
    await receiver.engine.flush();
    await sender.engine.flush();
    receiver.engine.hint(sender.replica);
    // Two seconds of the devices: twelve edits take longer than any hold.
    await new Promise((resolve) => void setTimeout(resolve, 2_000 / lessHaste));
  }
  await wait(() => receiver.engine.status().bucket === "saved");
  expect(puts(store, receiver)).toBe(written);
});

test("a document that is not here is left to the bucket", async () => {
  const both = await pair();
  const { sender, receiver, store } = both;
  cutOff(store, sender);
  const { documentId } = parseAutomergeUrl(generateAutomergeUrl());
  const handle = await sender.engine.open(documentId);
  handle.update(() => A.from({ items: [] }));
  await sender.engine.documents.store(handle);
  const news = await sender.engine.news.take(documentId, []);
  expect(await receive(receiver, sender, news!)).toBe("ignored");
  expect(receiver.engine.status().pending.documents).toBe(0);
});

test("a document that is stored and not open takes it into its inbox", async () => {
  const both = await pair();
  const { receiver, sender } = both;
  await receiver.restart();
  const news = await unpublished(both, "live");
  const before = frontierOf(receiver);
  expect(await receive(receiver, sender, news)).toBe("kept");
  expect(receiver.engine.documents.isOpen(both.id)).toBe(false);
  expect(frontierOf(receiver)).toEqual(before);
  expect(receiver.engine.status().pending.documents).toBe(1);
  expect(await both.items(receiver)).toEqual(["first", "live"]);
});

test("changes that build on others which are not here wait for the bucket", async () => {
  const both = await pair();
  const { receiver, sender, id } = both;
  const first = await unpublished(both, "missing");
  await both.edit(sender, "later");
  const later = await sender.engine.news.take(
    id,
    first.heads.map((head) => Buffer.from(head).toString("hex")),
  );
  expect(await receive(receiver, sender, later!)).toBe("ignored");
  expect(await both.items(receiver)).toEqual(["first"]);
});

test("what holds no changes is left out, and keeps nothing else out", async () => {
  const both = await pair();
  const { receiver, sender, id } = both;
  const news = await unpublished(both, "live");
  const wrong = { ...news, chunks: [new Uint8Array([1, 2, 3])] };
  expect(await receive(receiver, sender, wrong)).toBe("ignored");
  expect(await both.items(receiver)).toEqual(["first"]);
  const publications = [wrong, news, wrong].map((document) => ({ from: sender.replica, document }));
  expect(await receiver.engine.news.receive(id, publications, () => undefined)).toEqual([
    "ignored",
    "applied",
    "ignored",
  ]);
  expect(await both.items(receiver)).toEqual(["first", "live"]);
});

test("what came together is applied, shown and stored together", async () => {
  const both = await pair();
  const { receiver, sender, id } = both;
  const publications = [];
  let known: string[] = [];
  for (const item of ["a", "b", "c"]) {
    await unpublished(both, item);
    const document = (await sender.engine.news.take(id, known))!;
    known = document.heads.map((head) => Buffer.from(head).toString("hex"));
    publications.push({ from: sender.replica, document });
  }
  const saved = vi.spyOn(receiver.storage, "save");
  const shown: Changes[] = [];
  // Out of order: what builds on others finds them beside it.
  const receptions = await receiver.engine.news.receive(
    id,
    publications.toReversed(),
    (changes) => void shown.push(changes),
  );
  expect(receptions).toEqual(["applied", "applied", "applied"]);
  expect(await both.items(receiver)).toEqual(["first", "a", "b", "c"]);
  expect(saved).toHaveBeenCalledTimes(1);
  expect(shown).toHaveLength(1);
  expect(shown[0]!.heads).toContain(known[0]);
});

test("what goes into the inbox is marked in the same transaction", async () => {
  const both = await pair();
  const { receiver, sender, id } = both;
  await receiver.restart();
  const news = await unpublished(both, "live");
  await wait(() => !receiver.disk.values.has(dirtyKey(id)));
  const { commit } = receiver.disk;
  const marked: boolean[] = [];
  receiver.disk.commit = async (batch) => {
    await commit(batch);
    if (Object.keys(batch.put ?? {}).some((key) => key.startsWith("inbox/")))
      marked.push(receiver.disk.values.has(dirtyKey(id)));
  };
  expect(await receive(receiver, sender, news)).toBe("kept");
  expect(marked).toEqual([true]);
});

test("a closed document is not published here while its maker goes on publishing it", async () => {
  const both = await pair(lessHaste);
  const { receiver, sender, store, id } = both;
  await receiver.restart();
  await wait(() => receiver.engine.status().bucket === "saved");
  const written = puts(store, receiver);
  const todos = await openTodos(sender, id, wait);
  for (let count = 0; count < 12; count++) {
    await sender.engine.flush();
    todos.change((doc) => void doc.items.push(`item ${count}`));
    await sender.engine.documents.store(todos);
    const news = await sender.engine.news.take(id, []);
    expect(await receive(receiver, sender, news!)).toBe("kept");
    // It finds what was made before that: something is always on its way.
    receiver.engine.hint(sender.replica);
    await new Promise((resolve) => void setTimeout(resolve, 2_000 / lessHaste));
  }
  expect(receiver.engine.documents.isOpen(id)).toBe(false);
  expect(puts(store, receiver)).toBe(written);
  await sender.engine.flush();
  receiver.engine.hint(sender.replica);
  await wait(() => receiver.engine.status().bucket === "saved");
  expect(puts(store, receiver)).toBe(written);
});

test("what is held in a closed document is published when its maker never does", async () => {
  const both = await pair();
  const { receiver, sender } = both;
  await receiver.restart();
  const news = await unpublished(both, "live");
  expect(await receive(receiver, sender, news)).toBe("kept");
  await sender.engine.close();
  await wait(() => receiver.engine.status().bucket === "saved");
  expect(receiver.engine.documents.isOpen(both.id)).toBe(false);
});
