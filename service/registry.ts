/**
 * Who may write where: one small object `@service/replicas/<namespace>/<replica>` for each replica there ever was.
 * The listing alone tells everything: the keys are the names, and LastModified is when the replica was last
 * granted. Any number of instances share it; a name is assigned by creating its object where there is none.
 * (A store without conditional PUTs could assign a name twice in a race; the two devices then find each other
 * in the manifest both write, and one takes a new name.)
 */
import { PresyncError } from "../shared/errors.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { isReplicaId } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import type { ReplicaKind, ReplicaPool } from "./replica-pool.ts";
import { openReplicaPool } from "./replica-pool.ts";
import type { StoreClient } from "./store-client.ts";

/** A person's devices are a dozen. A grant for 500 is 6,000 signatures, half a second of work, and 300 kB. */
export const replicasMax = 500;

/** How many devices may join while the service is down, and still be read by the others at once. */
export const reservedPerKind = 4;

/** Many devices may sign in at the same moment; each lost race costs one small request. */
const assignAttemptsMax = 32;

/** The time of the last grant serves retirement, after 30 days, and the order of a list: a day is exact enough. */
const refreshMsMin = 86_400_000;

const recordVersion = 1;
const replicaKinds: readonly ReplicaKind[] = ["browser", "node"];

interface Enrolment {
  readonly own: ReplicaId;
  /** The namespace's other replicas, most recently granted first. */
  readonly known: readonly ReplicaId[];
  /** Names nobody has yet, the next to be assigned first. */
  readonly reserved: readonly ReplicaId[];
}

export interface Registry {
  /**
   * Renews a replica that is registered in this namespace, or assigns a new name. Throws `denied` for a replica
   * that is not this namespace's or not of this kind, and where there are too many; `retry` where the store fails.
   */
  enrol(namespace: Namespace, kind: ReplicaKind, replica?: string): Promise<Enrolment>;
}

export function createRegistry(
  store: StoreClient,
  config: Pick<CheckedConfig, "now" | "log">,
): Registry {
  const { now, log } = config;

  function recordText(): string {
    return JSON.stringify({ version: recordVersion, lastGrantedAt: now() });
  }

  async function renew(key: string, lastGrantedAt: number): Promise<void> {
    if (now() - lastGrantedAt < refreshMsMin) return;
    try {
      await store.put(key, recordText());
    } catch {
      // The store client has logged it. The next renewal tries again, in time for every use there is.
    }
  }

  async function assign(
    pool: ReplicaPool,
    namespace: Namespace,
    kind: ReplicaKind,
    taken: Set<ReplicaId>,
  ): Promise<ReplicaId> {
    if (taken.size >= replicasMax)
      throw new PresyncError("denied", `a namespace may have ${replicasMax} replicas`);
    for (let attempt = 0; attempt < assignAttemptsMax; attempt++) {
      const [name] = await pool.nextNames(namespace, kind, 1, (id) => taken.has(id));
      if (name === undefined) break;
      taken.add(name);
      // One name after the other: only the loser of a race asks for a second one.
      if (await store.create(recordKey(namespace, name), recordText())) {
        log({ level: "info", event: "replica-registered", namespace, replica: name });
        return name;
      }
    }
    throw new PresyncError("retry", "too many replicas sign in at once; try again");
  }

  async function enrol(
    namespace: Namespace,
    kind: ReplicaKind,
    replica?: string,
  ): Promise<Enrolment> {
    const prefix = recordKey(namespace, "");
    const [pool, listed] = await Promise.all([
      openReplicaPool(store),
      // One more than there may be, plus those of a race at the limit.
      store.list(prefix, replicasMax + assignAttemptsMax),
    ]);
    const grantedAt = new Map<ReplicaId, number>();
    for (const { key, lastModified } of listed) {
      const name = key.slice(prefix.length);
      if (key.startsWith(prefix) && isReplicaId(name)) grantedAt.set(name, lastModified);
    }
    const taken = new Set(grantedAt.keys());
    const own =
      replica === undefined
        ? await assign(pool, namespace, kind, taken)
        : registered(replica, kind, grantedAt);
    if (replica !== undefined) await renew(recordKey(namespace, own), grantedAt.get(own) ?? 0);
    const reserved = await Promise.all(
      replicaKinds.map((each) =>
        pool.nextNames(namespace, each, reservedPerKind, (id) => taken.has(id)),
      ),
    );
    return {
      own,
      known: [...taken]
        .filter((id) => id !== own)
        // Names lost in a race are newer than the listing: their device was granted just now.
        .toSorted((a, b) => (grantedAt.get(b) ?? Infinity) - (grantedAt.get(a) ?? Infinity)),
      reserved: reserved.flat(),
    };
  }

  return { enrol };
}

/** The replica as one of this namespace and kind; a foreign one is refused, not quietly replaced. */
function registered(
  replica: string,
  kind: ReplicaKind,
  grantedAt: ReadonlyMap<ReplicaId, number>,
): ReplicaId {
  if (isReplicaId(replica) && replica.startsWith(`${kind}-`) && grantedAt.has(replica))
    return replica;
  throw new PresyncError("denied", "this replica is not registered for this user");
}

function recordKey(namespace: Namespace, name: string): string {
  return `@service/replicas/${namespace}/${name}`;
}
