/**
 * The bucket as a peer of the Repo. The Repo's sync messages serve as trigger and as acknowledgement only: the
 * bytes are taken from the documents themselves and put into them, so there is no shadow document, no Bloom
 * filter and no second copy in memory.
 *
 * To the Repo this peer is read-only and acknowledges with the Repo's own heads, once the store has them. It has
 * no storage id: what has been sent is remembered by the frontier, not by the Repo.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId, Message, PeerId, PeerMetadata } from "@automerge/automerge-repo/slim";
import { NetworkAdapter } from "@automerge/automerge-repo/slim";
import { createDeferred } from "../../shared/deferred.ts";
import type { Heads } from "./frontier.ts";

export const bucketPeerId = "bucket" as PeerId;

export interface BucketPeerEvents {
  /** The Repo has something to tell about a document with content. */
  touched(id: DocumentId): void;
  /** The Repo looks for a document it does not have. */
  requested(id: DocumentId): void;
}

export class BucketPeer extends NetworkAdapter {
  readonly #events: BucketPeerEvents;
  readonly #ready = createDeferred();
  #isReady = false;

  constructor(events: BucketPeerEvents) {
    super();
    this.#events = events;
  }

  isReady(): boolean {
    return this.#isReady;
  }

  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  connect(peerId: PeerId, _metadata?: PeerMetadata): void {
    this.peerId = peerId;
    // Announced before ready: a `find` with no peer at all would be "unavailable" at once.
    this.emit("peer-candidate", { peerId: bucketPeerId, peerMetadata: { isEphemeral: true } });
    this.#isReady = true;
    this.#ready.resolve();
  }

  disconnect(): void {
    this.emit("peer-disconnected", { peerId: bucketPeerId });
  }

  /** Called from inside the Repo: notes are taken here, and nothing is done. */
  send(message: Message): void {
    const { documentId, data } = message;
    const concerns = message.type === "sync" || message.type === "request";
    if (!concerns || documentId === undefined || data === undefined) return;
    if (A.decodeSyncMessage(data).heads.length === 0) this.#events.requested(documentId);
    else this.#events.touched(documentId);
  }

  /** Tells the Repo that the bucket has these heads: the Repo's own, sorted, or it would answer for ever. */
  acknowledge(documentId: DocumentId, heads: Heads): void {
    const sorted = heads.toSorted();
    const acknowledgement = {
      heads: sorted,
      need: [],
      have: [{ lastSync: sorted, bloom: new Uint8Array() }],
      changes: [],
      supportedCapabilities: ["read-only"],
    };
    const data = A.encodeSyncMessage(acknowledgement);
    this.#deliver({ type: "sync", documentId, data });
  }

  unavailable(documentId: DocumentId): void {
    this.#deliver({ type: "doc-unavailable", documentId });
  }

  #deliver(message: { type: string; documentId: DocumentId; data?: Uint8Array }): void {
    const { peerId } = this;
    if (peerId === undefined) return;
    this.emit("message", { ...message, senderId: bucketPeerId, targetId: peerId });
  }
}
