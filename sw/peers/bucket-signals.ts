/**
 * Signals through the bucket: what this replica has to tell others lies in one object, `signal`, below its own prefix;
 * theirs are looked at while a channel to them is wanted. Nobody but a replica can write there, so what lies there is
 * its own.
 *
 * A request budget is a feature: who does not answer is asked ever more rarely, and all together share a bound.
 */
import type { EnvelopeTools } from "../../shared/codecs/envelope.ts";
import { openEnvelope, sealEnvelope } from "../../shared/codecs/envelope.ts";
import { decodeSignals, encodeSignals, signalsMax } from "../../shared/codecs/signal.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { signalName } from "../../shared/keys.ts";
import { pause } from "../engine/pause.ts";
import type { Bucket, World } from "../engine/world.ts";
import { createRateLimit } from "../rate-limit.ts";
import type { SignalListener, SignalTransport } from "./signal-transport.ts";

/** As soon as a person expects it, where somebody has just come. */
const intervalMsMin = 2_000;
/** Less than an answer lives: who is there is found by it. */
const intervalMsMax = 30_000;
const intervalGrowth = 1.5;
/** In a minute, of all together. */
const requestsPerMinute = 20;
const burstMax = 10;
/** Stores allow one write a second and key. */
const writeIntervalMs = 1_100;

export interface BucketSignals extends SignalTransport {
  use(bucket: Bucket | null): void;
  /** Whose signals are looked at from now on. */
  watch(replicas: readonly ReplicaId[]): void;
  /** Something suggests that this one is there now: it is looked at soon. */
  hasten(replica: ReplicaId): void;
  close(): void;
}

interface Watched {
  etag: string | undefined;
  intervalMs: number;
  leftMs: number;
  isBeingRead: boolean;
}

export interface BucketSignalsParts {
  readonly world: Pick<World, "timers"> & { readonly tools: EnvelopeTools };
}

export function createBucketSignals({ world }: BucketSignalsParts): BucketSignals {
  const { timers, tools } = world;
  const listeners = new Set<SignalListener>();
  const outgoing = new Map<ReplicaId, Uint8Array>();
  const watched = new Map<ReplicaId, Watched>();
  let bucket: Bucket | null = null;
  let generation = 0;
  const requests = createRateLimit(requestsPerMinute / 60, burstMax);
  let elapsedMs = 0;
  let cancelTick: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();
  /** Writes what is there when it begins: who comes before that need not write again. */
  let next: Promise<void> | null = null;
  let isClosed = false;

  const write = async (): Promise<void> => {
    next = null;
    const to = bucket;
    if (to === null) throw new PresyncError("closed", "there is no bucket");
    generation++;
    const body = encodeSignals([...outgoing.values()].slice(-signalsMax));
    await to.put(signalName, await sealEnvelope({ kind: "signal", generation, body }, tools));
  };

  const read = async (from: Bucket, replica: ReplicaId, peer: Watched): Promise<void> => {
    peer.isBeingRead = true;
    try {
      const fetched = await from.get(replica, signalName, { knownEtag: peer.etag });
      if (fetched === null || fetched === "unchanged") return;
      peer.etag = fetched.etag;
      peer.intervalMs = intervalMsMin;
      const { body } = await openEnvelope(fetched.bytes, "signal", tools);
      for (const bytes of decodeSignals(body))
        for (const listener of listeners) listener(replica, bytes);
    } catch {
      // Whatever it is: it is looked at again later, and nothing rests on it.
    } finally {
      peer.isBeingRead = false;
    }
  };

  /** Counts time by itself: a clock that is set makes nothing sooner or later. */
  const tick = (): void => {
    cancelTick = undefined;
    elapsedMs += tickMs;
    for (const [replica, peer] of watched) {
      peer.leftMs -= tickMs;
      if (bucket === null || peer.leftMs > 0 || peer.isBeingRead) continue;
      if (!requests.take(elapsedMs)) continue;
      peer.leftMs = peer.intervalMs;
      peer.intervalMs = Math.min(peer.intervalMs * intervalGrowth, intervalMsMax);
      void read(bucket, replica, peer);
    }
    schedule();
  };

  const schedule = (): void => {
    if (!isClosed && watched.size > 0) cancelTick ??= timers.after(tickMs, tick);
  };

  return {
    use(to) {
      if (to?.replica !== bucket?.replica || to?.namespace !== bucket?.namespace) {
        outgoing.clear();
        watched.clear();
      }
      bucket = to;
    },
    watch(replicas) {
      for (const replica of watched.keys())
        if (!replicas.includes(replica)) watched.delete(replica);
      for (const replica of replicas)
        if (!watched.has(replica))
          watched.set(replica, {
            etag: undefined,
            intervalMs: intervalMsMin,
            leftMs: 0,
            isBeingRead: false,
          });
      schedule();
    },
    hasten(replica) {
      const peer = watched.get(replica);
      if (peer === undefined) return;
      peer.intervalMs = intervalMsMin;
      peer.leftMs = Math.min(peer.leftMs, intervalMsMin);
    },
    send(to, bytes) {
      // Last in order is newest: should there be too many, the oldest are left out.
      outgoing.delete(to);
      outgoing.set(to, bytes);
      next ??= writing.then(write);
      writing = next.catch(() => undefined).then(() => pause(timers, writeIntervalMs));
      return next;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      cancelTick?.();
    },
  };
}

const tickMs = 500;
