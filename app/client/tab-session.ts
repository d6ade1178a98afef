/**
 * What a tab has of one user: a Repo in memory, connected to the worker's. Another user gets another one, so that
 * nothing of the first is ever shown to, or saved for, the second.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId, Message, PeerId } from "@automerge/automerge-repo/slim";
import { Repo } from "@automerge/automerge-repo/slim";
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
  receiveChanges(documentId: string, bytes: Uint8Array): void;
  close(): void;
}

export function createTabSession(
  send: (message: TabToWorker) => void,
  events: TrackerEvents,
): TabSession {
  const peerId = `tab-${crypto.randomUUID()}`;
  let closed = false;
  const network = new WorkerNetwork({
    spoken: (id) => tracker.track(id),
    heard: (id, heads) => tracker.workerHas(id, heads),
    send: (message) => {
      if (!closed) send({ type: "sync", message });
    },
  });
  const repo = new Repo({ network: [network], peerId: peerId as PeerId });
  const sendChanges = (seq: number, changes: Changes): void => {
    if (!closed) send({ type: "changes", seq, ...changes });
  };
  const tracker = createChangeTracker(repo, sendChanges, events);

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
    receiveChanges(documentId, bytes) {
      const id = documentId as DocumentId;
      const handle = repo.handles[id];
      // Who has not opened the document is told of it when it does.
      if (handle === undefined || !handle.isReady()) return;
      handle.update((doc) => {
        const next = A.loadIncremental(doc, bytes);
        tracker.workerHas(id, A.getHeads(next));
        return next;
      });
    },
    close() {
      closed = true;
      network.disconnect();
    },
  };
}
