/** What a user has in the bucket, for each device: counted by listing, and by nothing else. */
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { isReplicaId } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import type { ListedObject, StoreClient } from "./store-client.ts";

/** As many as five hundred devices have with the usual layout; 28 pages of a listing. */
const countedObjectsMax = 28_000;

/** A user whose devices all renew at once is counted once. */
const cacheMsMax = 60_000;

/** The cache is a convenience: an instance that serves more users counts some of them more often. */
const cachedNamespacesMax = 1000;

export interface ReplicaUsage {
  readonly bytes: number;
  readonly objects: number;
  readonly lastWrittenAt: number | null;
}

export interface Usage {
  readonly bytes: number;
  readonly objects: number;
  /** There is more than is ever counted. */
  readonly isBeyondCount: boolean;
  readonly replicas: ReadonlyMap<ReplicaId, ReplicaUsage>;
  readonly listed: readonly ListedObject[];
}

export const nothingUsed: ReplicaUsage = { bytes: 0, objects: 0, lastWrittenAt: null };

export interface UsageCounter {
  count(namespace: Namespace): Promise<Usage>;
  /** As it was within the last minute. */
  recent(namespace: Namespace): Promise<Pick<Usage, "bytes" | "objects" | "isBeyondCount">>;
  /** Something was deleted. */
  forget(namespace: Namespace): void;
}

export function createUsageCounter(
  store: StoreClient,
  config: Pick<CheckedConfig, "now">,
): UsageCounter {
  const cache = new Map<Namespace, { readonly at: number; readonly usage: CachedUsage }>();

  async function count(namespace: Namespace): Promise<Usage> {
    const listed = await store.list(`${namespace}/`, countedObjectsMax);
    const usage = usageOf(namespace, listed);
    const { bytes, objects, isBeyondCount } = usage;
    // The oldest entry is the first one.
    cache.delete(namespace);
    cache.set(namespace, { at: config.now(), usage: { bytes, objects, isBeyondCount } });
    for (const oldest of [...cache.keys()].slice(0, -cachedNamespacesMax)) cache.delete(oldest);
    return usage;
  }

  return {
    count,
    async recent(namespace) {
      const known = cache.get(namespace);
      const isFresh = known !== undefined && Math.abs(config.now() - known.at) < cacheMsMax;
      return isFresh ? known.usage : count(namespace);
    },
    forget: (namespace) => void cache.delete(namespace),
  };
}

type CachedUsage = Pick<Usage, "bytes" | "objects" | "isBeyondCount">;

function usageOf(namespace: Namespace, listed: readonly ListedObject[]): Usage {
  const replicas = new Map<ReplicaId, ReplicaUsage>();
  let bytes = 0;
  for (const object of listed) {
    bytes += object.bytes;
    const replica = object.key.slice(namespace.length + 1).split("/")[0];
    if (!isReplicaId(replica)) continue;
    const before = replicas.get(replica) ?? nothingUsed;
    replicas.set(replica, {
      bytes: before.bytes + object.bytes,
      objects: before.objects + 1,
      lastWrittenAt: Math.max(before.lastWrittenAt ?? 0, object.lastModified),
    });
  }
  const isBeyondCount = listed.length >= countedObjectsMax;
  return { bytes, objects: listed.length, isBeyondCount, replicas, listed };
}
