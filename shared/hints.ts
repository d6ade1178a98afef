/**
 * What service and clients say to each other of changes. A hint says "that replica may have written something"; it may be
 * lost, doubled or late, and nothing but speed depends on it.
 *
 * `GET /v1/hints?replica=<id>` is a stream of events (text/event-stream), which begins with `settings`:
 *
 *     settings   HintSettings
 *     hint       Hint; its id is a position, from which `Last-Event-ID` goes on
 *     reset      anything may have changed: some hints are not known here
 *     signal     Signal, for this replica alone
 *
 * Positions are times in milliseconds by the service's clock, so those of one instance mean something to another.
 * A heartbeat is a comment with a position.
 */
import type { LogicalTime } from "./hlc.ts";
import { isLogicalTime } from "./hlc.ts";
import type { ReplicaId } from "./keys.ts";
import { isReplicaId } from "./keys.ts";

export interface HintSettings {
  /** Something comes at least so often; a stream that is silent for twice as long is dead. */
  readonly heartbeatMs: number;
  /** Whether the service also hears of what is written by those who do not report it. */
  readonly watched: boolean;
}

/** The body of `POST /v1/hints`: what a client reports once the store has acknowledged its manifest. */
export interface HintReport {
  readonly replica: ReplicaId;
  readonly generation: number;
  /** The manifest's time. */
  readonly hlc?: LogicalTime;
}

export interface Hint {
  readonly namespace: string;
  readonly replica: ReplicaId;
  /** Of the manifest; not known where it was seen from outside. */
  readonly generation?: number;
  readonly hlc?: LogicalTime;
  /** When the service heard of it, in milliseconds since 1970. */
  readonly at: number;
}

/** The body of `POST /v1/signals`: from one replica to another of the same user. */
export interface SignalRequest {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly payload: string;
}

/** What the other one is sent. */
export type Signal = Pick<SignalRequest, "from" | "payload">;

/** In bytes of UTF-8: a session description with a few candidates. */
export const signalBytesMax = 4096;

export function isGeneration(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Null where it is no hint. */
export function readHint(value: unknown): Hint | null {
  const { namespace, replica, generation, hlc, at } = fieldsOf(value);
  if (typeof namespace !== "string" || !isReplicaId(replica) || typeof at !== "number") return null;
  return {
    namespace,
    replica,
    ...(isGeneration(generation) ? { generation } : {}),
    ...(isTime(hlc) ? { hlc } : {}),
    at,
  };
}

export function readSettings(value: unknown): HintSettings | null {
  const { heartbeatMs, watched } = fieldsOf(value);
  if (typeof heartbeatMs !== "number" || !(heartbeatMs > 0)) return null;
  return { heartbeatMs, watched: watched === true };
}

export function readSignal(value: unknown): Signal | null {
  const { from, payload } = fieldsOf(value);
  return isReplicaId(from) && typeof payload === "string" ? { from, payload } : null;
}

export function isTime(value: unknown): value is LogicalTime {
  const { wallMs, counter } = fieldsOf(value);
  return (
    typeof wallMs === "number" && typeof counter === "number" && isLogicalTime({ wallMs, counter })
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
