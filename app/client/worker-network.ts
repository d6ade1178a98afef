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
  /** Whom the Repo takes for connected. */
  readonly #announced = new Set<PeerId>();
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
    this.#forgetOthers();
  }

  /**
   * The worker is there under a name, which is new for every incarnation, or it is gone. The Repo hears that one is gone
   * when it knows the next one: without any peer it would call a document that it is waiting for unavailable.
   */
  setWorker(worker: PeerId | undefined): void {
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
    this.#announced.add(this.#worker);
    this.emit("peer-candidate", { peerId: this.#worker, peerMetadata: {} });
    this.#isReady = true;
    this.#ready.resolve();
    // The Repo first asks itself, in promises, which documents it shares with the new one.
    setTimeout(() => this.#forgetOthers(), 0);
  }

  #forgetOthers(): void {
    for (const peerId of this.#announced) {
      if (peerId === this.#worker) continue;
      this.#announced.delete(peerId);
      this.emit("peer-disconnected", { peerId });
    }
  }
}
