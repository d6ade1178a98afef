/**
 * How instances of the service tell each other what clients and the store tell one of them. Messages may be lost,
 * doubled or late: a bus that is down costs speed and nothing else, provided that it says so. Whoever trusts a stream
 * that only this instance's news reaches would poll too rarely.
 */
import type { LogicalTime } from "../../shared/hlc.ts";
import { isGeneration, isTime } from "../../shared/hints.ts";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import { isNamespace, isReplicaId } from "../../shared/keys.ts";

/** Who said it: a client after its PUT, the store itself, or a listing that differs from the one before. */
export type HintSource = "report" | "store" | "watch";

export interface HintMessage {
  readonly kind: "hint";
  readonly source: HintSource;
  readonly namespace: Namespace;
  readonly replica: ReplicaId;
  readonly generation?: number;
  readonly hlc?: LogicalTime;
}

export interface SignalMessage {
  readonly kind: "signal";
  readonly namespace: Namespace;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly payload: string;
}

export type BusMessage =
  | HintMessage
  | SignalMessage
  /** Sign-ins of this user have ended: whoever listens under one of them listens no more. */
  | { readonly kind: "ended"; readonly namespace: Namespace }
  /** Messages of some instance may have been lost. */
  | { readonly kind: "lost" }
  /** Said by a bus to its own instance alone, whenever `isDown` has become true. */
  | { readonly kind: "down" };

export type BusListener = (message: BusMessage) => void;

export interface HintBus {
  /** Reaches the publisher's own listeners, too, unless the bus is down. Never rejects. */
  publish(message: BusMessage): Promise<void>;
  /** The returned function ends it. */
  subscribe(listener: BusListener): () => void;
  /** Whether messages may not reach every instance, or not come from there; never, where it does not say. */
  readonly isDown?: boolean;
}

/** Null for what is no message: another version of the service may run beside this one. */
export function readMessage(text: string): BusMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { kind, source, namespace, replica, generation, hlc, from, to, payload } = value as Record<
    string,
    unknown
  >;
  if (kind === "lost") return { kind };
  if (!isNamespace(namespace)) return null;
  if (kind === "ended") return { kind, namespace };
  if (kind === "hint" && isReplicaId(replica) && isSource(source))
    return {
      kind,
      source,
      namespace,
      replica,
      ...(isGeneration(generation) ? { generation } : {}),
      ...(isTime(hlc) ? { hlc } : {}),
    };
  if (kind === "signal" && isReplicaId(from) && isReplicaId(to) && typeof payload === "string")
    return { kind, namespace, from, to, payload };
  return null;
}

function isSource(value: unknown): value is HintSource {
  return value === "report" || value === "store" || value === "watch";
}
