/**
 * Signals by whichever way there is: through the service, which is quick, and through the bucket, which needs nobody.
 * What the service took may not have arrived, since nobody may have been listening: so what has not led to a connection
 * after some seconds goes through the bucket as well.
 */
import type { ReplicaId } from "../../shared/keys.ts";
import type { Timers } from "../engine/world.ts";
import type { SignalListener, SignalTransport } from "./signal-transport.ts";

const patienceMs = 5_000;

export interface Signals extends SignalTransport {
  /** The service's hint stream, while there is one; null when it has ended. */
  useService(service: SignalTransport | null): void;
  /** What was last sent there has arrived, or is of no use any more. */
  settled(to: ReplicaId): void;
  close(): void;
}

export function createSignals(bucket: SignalTransport, timers: Timers): Signals {
  const listeners = new Set<SignalListener>();
  const waiting = new Map<ReplicaId, () => void>();
  const newest = new Map<ReplicaId, number>();
  let isClosed = false;
  let service: SignalTransport | null = null;
  let unsubscribe: (() => void) | undefined;

  const tell: SignalListener = (from, bytes) => {
    for (const listener of listeners) listener(from, bytes);
  };
  const ended = bucket.subscribe(tell);

  /** Of what goes to one replica only the newest counts: an older one that is late must not take its place. */
  const supersede = (to: ReplicaId): number => {
    waiting.get(to)?.();
    waiting.delete(to);
    const number = (newest.get(to) ?? 0) + 1;
    newest.set(to, number);
    return number;
  };

  return {
    settled: (to) => void supersede(to),
    useService(next) {
      unsubscribe?.();
      service = next;
      unsubscribe = next?.subscribe(tell);
    },
    async send(to, bytes) {
      const number = supersede(to);
      const isNewest = (): boolean => !isClosed && newest.get(to) === number;
      if (service === null) return bucket.send(to, bytes);
      try {
        await service.send(to, bytes);
      } catch {
        return isNewest() ? bucket.send(to, bytes) : undefined;
      }
      if (!isNewest()) return;
      const cancel = timers.after(patienceMs, () => {
        waiting.delete(to);
        bucket.send(to, bytes).catch(() => undefined);
      });
      waiting.set(to, cancel);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      for (const to of waiting.keys()) supersede(to);
      unsubscribe?.();
      ended();
    },
  };
}
