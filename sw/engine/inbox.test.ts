import * as A from "@automerge/automerge";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { Repo } from "@automerge/automerge-repo/slim";
import { beforeEach, expect, test } from "vitest";
import type { Pack, PackedDocument } from "../../shared/codecs/pack.ts";
import { hexToBytes } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { createTestWorld } from "../testing/test-world.ts";
import type { Applier } from "./applier.ts";
import { createApplier } from "./applier.ts";
import type { Documents, Handle } from "./documents.ts";
import { createDocuments } from "./documents.ts";
import type { Inbox } from "./inbox.ts";
import { openInbox } from "./inbox.ts";
import { createMemoryStorage } from "./memory-storage.ts";
import type { MemoryDisk } from "./memory-world.ts";
import { createMemoryDisk } from "./memory-world.ts";
import { packDocumentId } from "./packing.ts";
import type { Problems } from "./problems.ts";
import { createProblems } from "./problems.ts";
import { openReplicaDisk } from "./replica-disk.ts";

interface Doc {
  n: number;
}

const replica = "browser-00000a" as ReplicaId;
const id = "4NMNnkMhL8jXrdJ9jamS58PAVdXu" as DocumentId;

let disk: MemoryDisk;
let storage: ReturnType<typeof createMemoryStorage>;
let documents: Documents;
let problems: Problems;
let inbox: Inbox;
let applier: Applier;
/** A document's history elsewhere, a change at a time. */
let versions: A.Doc<Doc>[];

beforeEach(async () => {
  disk = createMemoryDisk();
  storage = createMemoryStorage();
  documents = createDocuments(
    new Repo({ storage, shareConfig: { announce: async () => false, access: async () => false } }),
    storage,
  );
  problems = createProblems({ now: () => 1 }, () => {});
  await start();
  versions = [A.from({ n: 0 })];
  for (let n = 1; n < 4; n++)
    versions.push(A.change(A.clone(versions[n - 1]!), (doc) => void (doc.n = n)));
});

async function start(): Promise<void> {
  const own = await openReplicaDisk(disk);
  const world = createTestWorld(disk);
  inbox = await openInbox(own, world.clock);
  applier = await createApplier({ world, disk: own, documents, inbox, problems, build: "1" });
}

function news(version: number, chunks?: Uint8Array[]): PackedDocument {
  const doc = versions[version]!;
  const hashes =
    version === 0
      ? []
      : A.getChangesMetaSince(doc, A.getHeads(versions[version - 1]!)).map((c) => c.hash);
  return {
    documentId: packDocumentId(id),
    whole: version === 0,
    dataVersion: 0,
    heads: A.getHeads(doc).map((head) => hexToBytes(head)),
    chunks: chunks ?? [version === 0 ? A.save(doc) : A.saveBundle(doc, hashes)],
  };
}

const source = "0123";

async function receive(first: number, document: PackedDocument, last = first): Promise<void> {
  const batch = inbox.toWrite(replica, source, { first, last, documents: [document] });
  await disk.commit(batch);
  expect(inbox.accept(batch)).toEqual([id]);
}

function waiting(): string[] {
  return [...disk.values.keys()].filter((key) => key.startsWith("inbox/"));
}

const n = (handle: Handle): number => (handle.doc() as Doc).n;

test("an entry leaves only when the Repo has stored it", async () => {
  await receive(1, news(0));
  const handle = await documents.open(id);
  expect(storage.chunks.size).toBeLessThanOrEqual(1);
  await applier.apply(handle);
  expect(n(handle)).toBe(0);
  expect(waiting()).toEqual([]);
  expect([...storage.chunks.keys()].some((key) => key.includes("snapshot"))).toBe(true);
});

test("a change whose dependency has not come waits, across a restart, and is applied when it has", async () => {
  await receive(1, news(0));
  await receive(3, news(2));
  const handle = await documents.open(id);
  await applier.apply(handle);
  expect(n(handle)).toBe(0);
  expect(waiting()).toHaveLength(1);
  await start();
  expect(inbox.has(id)).toBe(true);
  await receive(2, news(1));
  await applier.apply(handle);
  expect(n(handle)).toBe(2);
  expect(waiting()).toEqual([]);
  expect(problems.list()).toEqual([]);
});

test("I14: one bad chunk is set aside, blocks nothing, and never reaches the Repo's storage", async () => {
  const poison = new Uint8Array(60).fill(0x85);
  await receive(1, news(0));
  await receive(2, news(1, [poison]));
  await receive(3, news(1));
  await receive(4, news(2));
  const handle = await documents.open(id);
  await applier.apply(handle);
  expect(n(handle)).toBe(2);
  // The same heads came another way, so the poisoned entry has nothing left to give.
  expect(waiting()).toEqual([]);
  await receive(5, news(3, [poison]));
  await applier.apply(handle);
  expect(n(handle)).toBe(2);
  expect(waiting()).toEqual([]);
  expect(problems.list().map(({ code }) => code)).toEqual(["malformed"]);
  expect([...disk.values.keys()].filter((key) => key.startsWith("aside/"))).toHaveLength(1);
  for (const chunk of storage.chunks.values())
    expect(Buffer.from(chunk).includes(Buffer.from(poison))).toBe(false);
});

test("a tail that has grown replaces what it was, and one that grows while it is applied loses nothing", async () => {
  await receive(1, news(0));
  const handle = await documents.open(id);
  await applier.apply(handle);
  await receive(2, news(1), 2);
  const grown = { ...news(2), chunks: [...news(1).chunks, ...news(2).chunks] };
  // The transaction with the grown tail is on its way to the disk when the smaller one has been applied.
  const batch = inbox.toWrite(replica, source, { first: 2, last: 3, documents: [grown] });
  const applying = applier.apply(handle);
  await disk.commit(batch);
  inbox.accept(batch);
  await applying;
  await applier.apply(handle);
  expect(n(handle)).toBe(2);
  expect(waiting()).toEqual([]);
  await receive(4, news(3), 4);
  await receive(4, news(3), 5);
  expect(waiting()).toHaveLength(1);
  await receive(4, news(3), 4);
  expect(waiting()).toHaveLength(2);
});

test("I9: applying twice is applying once", async () => {
  await receive(1, news(0));
  await receive(2, news(1));
  const handle = await documents.open(id);
  await Promise.all([applier.apply(handle), applier.apply(handle)]);
  await receive(2, news(1));
  await applier.apply(handle);
  expect(A.getHeads(handle.doc())).toEqual(A.getHeads(versions[1]!));
  expect(waiting()).toEqual([]);
});

test("what two have published under the same numbers waits side by side, and keeps its age", async () => {
  const pack = (index: number): Pack => ({ first: 2, last: 3, documents: [news(index)] });
  const one = inbox.toWrite(replica, "one", pack(1));
  await disk.commit(one);
  inbox.accept(one);
  const other = inbox.toWrite(replica, "other", pack(2));
  await disk.commit(other);
  inbox.accept(other);
  expect(waiting()).toHaveLength(2);
  expect(inbox.toWrite(replica, "one", pack(1))).toEqual({ put: {}, remove: [] });
});
