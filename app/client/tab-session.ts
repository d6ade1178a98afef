/**
 * What a tab has of one user: a Repo in memory, connected to the worker's. Another user gets another one, so that
 * nothing of the first is ever shown to, or saved for, the second.
 */
import * as A from "@automerge/automerge/slim";
import type { DocHandle, DocumentId, Message, PeerId } from "@automerge/automerge-repo/slim";
import { Repo } from "@automerge/automerge-repo/slim";
import { createDeferred } from "../../shared/deferred.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { Changes, TabToWorker, UserId } from "../../shared/wire.ts";
import type { ChangeTracker, TrackerEvents } from "./change-tracker.ts";
import { createChangeTracker } from "./change-tracker.ts";
import { WorkerNetwork } from "./worker-network.ts";

export interface TabSession {
  readonly repo: Repo;
  readonly peerId: string;
  readonly tracker: ChangeTracker;
  /** Whose data this is; null before the first connection. */
  user: UserId | null;
  connected(worker: string): void;
  disconnected(): void;
  receiveSync(message: unknown): void;
  /** Changes another tab has just made. */
  receiveChanges(changes: Changes): void;
  /** Rejects with `closed` when the session is left for another user's. */
  readonly left: Promise<never>;
  /** Whether a handle belongs to this session. */
  owns(handle: object): boolean;
  /** The Repo's handles are unloaded: an edit that could go nowhere throws instead of being lost. */
  close(): void;
}

export function createTabSession(
  send: (message: TabToWorker) => void,
  events: TrackerEvents,
): TabSession {
  const peerId = `tab-${crypto.randomUUID()}`;
  let closed = false;
  const abandoned = new WeakSet<object>();
  const left = createDeferred<never>();
  // Whoever waits hears of it; nobody has to.
  left.promise.catch(() => undefined);
  const network = new WorkerNetwork({
    heard: (id, heads) => tracker.workerHas(id, heads),
    send: (message) => {
      if (!closed) send({ type: "sync", message });
    },
    needed: () => events.needed(),
  });
  const repo = new Repo({ network: [network], peerId: peerId as PeerId });
  const sendChanges = (seq: number, changes: Changes): void => {
    if (!closed) send({ type: "changes", seq, ...changes });
  };
  const tracker = createChangeTracker(sendChanges, events);
  followDocuments(repo, (handle) => tracker.track(handle));

  return {
    repo,
    peerId,
    tracker,
    user: null,
    connected(worker) {
      tracker.connected();
      network.setWorker(worker as PeerId);
    },
    disconnected() {
      network.setWorker(undefined);
      tracker.disconnected();
    },
    receiveSync: (message) => network.receive(message as Message),
    receiveChanges({ documentId, bytes, heads }) {
      const id = documentId as DocumentId;
      const handle = repo.handles[id];
      // Who has not opened the document is told of it when it does.
      if (handle === undefined || !handle.isReady()) return;
      // The heads of the other tab's document, not of ours: it says nothing of what was made here.
      tracker.workerHas(id, heads);
      handle.update((doc) => A.loadIncremental(doc, bytes));
    },
    left: left.promise,
    owns: (handle) => !abandoned.has(handle),
    close() {
      if (closed) return;
      closed = true;
      network.disconnect();
      for (const handle of Object.values(repo.handles)) {
        abandoned.add(handle);
        // Nobody is to take the emptiness that follows for a change of the document.
        handle.removeAllListeners();
        handle.unload();
      }
      left.reject(new PresyncError("closed", "another user is current"));
    },
  };
}

/**
 * Calls `follow` with every document the Repo creates, finds or imports. The Repo has no event for that (its
 * "document" is declared and never emitted); its synchronizer is told of each, connected or not.
 */
function followDocuments(repo: Repo, follow: (handle: DocHandle<unknown>) => void): void {
  const { synchronizer } = repo;
  const addDocument = synchronizer.addDocument.bind(synchronizer);
  synchronizer.addDocument = (handle) => {
    follow(handle);
    addDocument(handle);
  };
}
