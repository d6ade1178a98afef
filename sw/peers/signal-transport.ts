/** How signals get from one replica to another. */
import type { ReplicaId } from "../../shared/keys.ts";

export type SignalListener = (from: ReplicaId, bytes: Uint8Array) => void;

/** `from` is vouched for by whoever carries the signal, and not by what stands in it. */
export interface SignalTransport {
  /** Resolves once it is on its way; throws a PresyncError where it is not. */
  send(to: ReplicaId, bytes: Uint8Array): Promise<void>;
  /** Returns what ends it. */
  subscribe(listener: SignalListener): () => void;
}
