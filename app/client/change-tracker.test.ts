import "@automerge/automerge";
import * as A from "@automerge/automerge";
import type { DocHandle } from "@automerge/automerge-repo/slim";
import { Repo } from "@automerge/automerge-repo/slim";
import { beforeEach, expect, test, vi } from "vitest";
import type { Changes } from "../../shared/wire.ts";
import type { ChangeTracker } from "./change-tracker.ts";
import { createChangeTracker } from "./change-tracker.ts";

interface Doc {
  items: string[];
}

let repo: Repo;
let sent: { seq: number; changes: Changes }[];
let tracker: ChangeTracker;
let needed: number;
let handle: DocHandle<Doc>;
/** What a worker would have: everything it was sent. */
let worker: A.Doc<Doc>;

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function deliver(): void {
  for (const { changes } of sent) worker = A.loadIncremental(worker, changes.bytes);
}

beforeEach(() => {
  repo = new Repo();
  sent = [];
  needed = 0;
  worker = A.init<Doc>();
  tracker = createChangeTracker((seq, changes) => sent.push({ seq, changes }), {
    changed() {},
    needed: () => needed++,
  });
  handle = repo.create<Doc>({ items: [] });
  tracker.track(handle);
});

test("changes of one tick leave together, at once", async () => {
  tracker.connected();
  await settle();
  sent.length = 0;
  handle.change((doc) => void doc.items.push("a"));
  handle.change((doc) => void doc.items.push("b"));
  await settle();
  expect(sent).toHaveLength(1);
  expect(sent[0]!.changes.heads).toEqual(A.getHeads(handle.doc()));
});

test("what the worker is known to have is not sent", async () => {
  tracker.workerHas(handle.documentId, A.getHeads(handle.doc()));
  tracker.connected();
  await settle();
  expect(sent).toEqual([]);
  handle.change((doc) => void doc.items.push("a"));
  await settle();
  expect(sent).toHaveLength(1);
  expect(tracker.unacknowledged).toBe(1);
  tracker.acknowledged(sent[0]!.seq);
  expect(tracker.unacknowledged).toBe(0);
});

test("what was not acknowledged is sent again to the next worker; what was, is not", async () => {
  tracker.connected();
  await settle();
  tracker.acknowledged(sent[0]!.seq);
  handle.change((doc) => void doc.items.push("lost with the worker"));
  await settle();
  const lost = sent.at(-1)!;
  tracker.disconnected();
  expect(tracker.unacknowledged).toBe(1);
  // Told by the worker before it was gone, from its memory: no reason not to send it again.
  tracker.workerHas(handle.documentId, lost.changes.heads);
  sent.length = 0;
  tracker.connected();
  await settle();
  expect(sent.map(({ changes }) => changes.heads)).toEqual([lost.changes.heads]);
  expect(sent[0]!.changes.bytes.length).toBe(lost.changes.bytes.length);
});

test("a worker that lacks what the changes build on gets all it lacks", async () => {
  tracker.connected();
  await settle();
  tracker.acknowledged(sent[0]!.seq);
  handle.change((doc) => void doc.items.push("a"));
  await settle();
  sent.length = 0;
  tracker.workerHasOnly(handle.documentId, []);
  await settle();
  deliver();
  expect(worker.items).toEqual(["a"]);
});

test("without a connection it says that one is needed, and hands over what is outstanding", async () => {
  handle.change((doc) => void doc.items.push("a"));
  await settle();
  expect(needed).toBeGreaterThan(0);
  expect(sent).toEqual([]);
  const other = repo.create<Doc>({ items: ["another"] });
  tracker.track(other);
  const outstanding = tracker.outstanding().changes;
  expect(new Set(outstanding.map(({ documentId }) => documentId))).toEqual(
    new Set([handle.documentId, other.documentId]),
  );
  expect(tracker.unacknowledged).toBe(2);
  tracker.connected();
  await settle();
  tracker.acknowledged(sent.find(({ changes }) => changes.documentId === handle.documentId)!.seq);
  expect(tracker.outstanding().changes.map(({ documentId }) => documentId)).toEqual([
    other.documentId,
  ]);
});

test("a document that was cut off in the middle of a change holds no other one back", async () => {
  const other = repo.create<Doc>({ items: ["another"] });
  tracker.track(other);
  vi.spyOn(handle, "doc").mockImplementation(() => {
    throw new Error("recursive use of an object");
  });
  const { changes, unreadable } = tracker.outstanding();
  expect(changes.map(({ documentId }) => documentId)).toEqual([other.documentId]);
  expect(unreadable).toBe(1);
});
