/** The worker as a peer of the tab's Repo. */
import * as A from "@automerge/automerge/slim";
import type { DocumentId, Message, PeerId, PeerMetadata } from "@automerge/automerge-repo/slim";
import { NetworkAdapter } from "@automerge/automerge-repo/slim";
import { createDeferred } from "../../shared/deferred.ts";

export interface WorkerNetworkEvents {
  /** The worker has told which heads of a document it has. */
  heard(id: DocumentId, heads: readonly string[]): void;
  send(message: Message): void;
  /** Somebody waits for the worker. */
  needed(): void;
}

export class WorkerNetwork extends NetworkAdapter {
  readonly #events: WorkerNetworkEvents;
  #ready = createDeferred();
  #worker: PeerId | undefined;
  #isReady = false;

  constructor(events: WorkerNetworkEvents) {
    super();
    this.#events = events;
  }

  isReady(): boolean {
    return this.#isReady;
  }

  /** Not before the worker is there: a `find` without a peer would be "unavailable" at once. */
  whenReady(): Promise<void> {
    if (!this.#isReady) this.#events.needed();
    return this.#ready.promise;
  }

  connect(peerId: PeerId, _metadata?: PeerMetadata): void {
    this.peerId = peerId;
    this.#announce();
  }

  disconnect(): void {
    this.setWorker(undefined);
  }

  /** The worker is there under a name, which is new for every incarnation, or it is gone. */
  setWorker(worker: PeerId | undefined): void {
    if (this.#worker !== undefined) this.emit("peer-disconnected", { peerId: this.#worker });
    this.#worker = worker;
    if (worker === undefined && this.#isReady) {
      this.#isReady = false;
      this.#ready = createDeferred();
    }
    this.#announce();
  }

  send(message: Message): void {
    if (this.#worker !== undefined) this.#events.send(message);
  }

  receive(message: Message): void {
    const { type, documentId, data } = message;
    if (this.#worker === undefined || message.senderId !== this.#worker) return;
    if (type === "sync" && documentId !== undefined && data !== undefined)
      this.#events.heard(documentId, A.decodeSyncMessage(data).heads);
    this.emit("message", message);
  }

  #announce(): void {
    if (this.#worker === undefined || this.peerId === undefined) return;
    this.emit("peer-candidate", { peerId: this.#worker, peerMetadata: {} });
    this.#isReady = true;
    this.#ready.resolve();
  }
}
