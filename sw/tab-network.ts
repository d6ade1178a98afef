/** The tabs as peers of the worker's Repo: one network adapter, a peer for each connected tab. */
import type { Message, PeerId, PeerMetadata } from "@automerge/automerge-repo/slim";
import { NetworkAdapter } from "@automerge/automerge-repo/slim";

export class TabNetwork extends NetworkAdapter {
  readonly #ports = new Map<PeerId, (message: Message) => void>();
  readonly #waiting: (() => void)[] = [];

  isReady(): boolean {
    return true;
  }

  async whenReady(): Promise<void> {}

  connect(peerId: PeerId, _metadata?: PeerMetadata): void {
    this.peerId = peerId;
    for (const ready of this.#waiting.splice(0)) ready();
  }

  /** The Repo connects its adapters only after it has read its storage's id. */
  connected(): Promise<void> {
    if (this.peerId !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  disconnect(): void {
    for (const peerId of this.#ports.keys()) this.removeTab(peerId);
  }

  send(message: Message): void {
    this.#ports.get(message.targetId)?.(message);
  }

  addTab(peerId: PeerId, send: (message: Message) => void): void {
    if (this.#ports.has(peerId)) this.removeTab(peerId);
    this.#ports.set(peerId, send);
    this.emit("peer-candidate", { peerId, peerMetadata: { isEphemeral: true } });
  }

  removeTab(peerId: PeerId): void {
    if (this.#ports.delete(peerId)) this.emit("peer-disconnected", { peerId });
  }

  receive(message: Message): void {
    this.emit("message", message);
  }
}
