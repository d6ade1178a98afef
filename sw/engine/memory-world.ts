/** Doubles of the world for tests: a disk, a bucket and locks in memory, with the same guarantees. */
import { PresyncError } from "../../shared/errors.ts";
import type { Layout, Namespace, ReplicaId } from "../../shared/keys.ts";
import { defaultLayout, objectKey } from "../../shared/keys.ts";
import type { Batch, Bucket, Disk, Fetched, Locks } from "./world.ts";

export interface MemoryDisk extends Disk {
  readonly values: Map<string, unknown>;
}

export function createMemoryDisk(values: Map<string, unknown> = new Map()): MemoryDisk {
  return {
    values,
    read: async (key) => values.get(key),
    list: async (prefix) =>
      [...values]
        .filter(([key]) => key.startsWith(prefix))
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)).toSorted(),
    async commit({ put = {}, remove = [], guard }: Batch) {
      if (guard !== undefined && values.get(guard.key) !== guard.value)
        throw new PresyncError("superseded", "a later incarnation has started");
      for (const key of remove) values.delete(key);
      for (const [key, value] of Object.entries(put)) values.set(key, value);
    },
    close() {},
  };
}

/** A store all replicas share. `fault` may throw before a request takes effect, or after it. */
export class MemoryStore {
  readonly objects: Map<string, Fetched> = new Map<string, Fetched>();
  readonly requests: {
    readonly by: ReplicaId;
    readonly method: "GET" | "PUT";
    readonly key: string;
    readonly bytes: number;
  }[] = [];
  fault: (method: "GET" | "PUT", key: string, phase: "before" | "after") => void = noFault;
  #version = 0;

  bucket(
    namespace: Namespace,
    replica: ReplicaId,
    others: readonly ReplicaId[],
    layout: Layout = defaultLayout,
  ): Bucket {
    return {
      namespace,
      replica,
      layout,
      peers: () => others.map((other) => ({ replica: other, state: "active" })),
      put: async (name, bytes) => {
        const key = objectKey(namespace, replica, name);
        this.fault("PUT", key, "before");
        this.requests.push({ by: replica, method: "PUT", key, bytes: bytes.length });
        this.objects.set(key, { bytes: bytes.slice(), etag: `"${++this.#version}"` });
        this.fault("PUT", key, "after");
      },
      get: async (of, name, { knownEtag } = {}) => {
        const key = objectKey(namespace, of, name);
        this.fault("GET", key, "before");
        const found = this.objects.get(key);
        const unchanged = found !== undefined && found.etag === knownEtag;
        this.requests.push({
          by: replica,
          method: "GET",
          key,
          bytes: unchanged ? 0 : (found?.bytes.length ?? 0),
        });
        if (found === undefined) return null;
        return unchanged ? "unchanged" : found;
      },
    };
  }
}

function noFault(): void {}

export function createMemoryLocks(): Locks {
  const queues = new Map<string, Promise<unknown>>();
  return {
    exclusive(name, action) {
      const before = queues.get(name) ?? Promise.resolve();
      const run = before.then(action, action);
      queues.set(
        name,
        run.catch(() => undefined),
      );
      return run;
    },
  };
}
