/**
 * Who may write where: one small object `@service/replicas/<namespace>/<replica>` for each replica there ever was.
 * The listing alone tells everything: the keys are the names, and LastModified is when the replica was last
 * granted. Any number of instances share it; a name is assigned by creating its object where there is none.
 * (A store without conditional PUTs could assign a name twice in a race; the two devices then find each other
 * in the manifest both write, and one takes a new name.)
 *
 * A replica is retired by its user, or when its last grant expired long ago (A-1 of the protocol). It is never granted
 * again, and listed as retired, so that another one takes over what it has published.
 */
import { PresyncError } from "../shared/errors.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { isReplicaId } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import type { DeviceMarks, MarkStore } from "./device-marks.ts";
import { noMarks } from "./device-marks.ts";
import type { ReplicaKind, ReplicaPool } from "./replica-pool.ts";
import { openReplicaPool } from "./replica-pool.ts";
import type { Member } from "./session.ts";
import type { StoreClient } from "./store-client.ts";

/** A person's devices are a dozen. A grant for 500 is 6,000 signatures, half a second of work, and 300 kB. */
export const replicasMax = 500;

/** Those that were deleted keep their ids for ever. */
const recordsMax = 5000;

/** So many that were deleted are listed as retired, the latest: what they held is missed, and healed, by those who had it. */
const deletedListedMax = 100;

/** How many devices may join while the service is down, and still be read by the others at once. */
export const reservedPerKind = 4;

/** Many devices may sign in at the same moment; each lost race costs one small request. */
const assignAttemptsMax = 32;

/** The time of the last grant serves retirement, after 30 days, and the order of a list: a day is exact enough. */
const refreshMsMin = 86_400_000;

/** After its last grant has expired. A device that is used once a month is never retired. */
const retiredAfterMs: number = 30 * 86_400_000;

const recordVersion = 1;
const replicaKinds: readonly ReplicaKind[] = ["browser", "node"];

export interface KnownReplica {
  readonly replica: ReplicaId;
  readonly state: "active" | "retired";
}

export interface RegisteredDevice extends KnownReplica {
  readonly marks: DeviceMarks;
  /** In milliseconds since 1970; at most a day too early. */
  readonly lastGrantedAt: number;
}

interface Enrolment {
  readonly own: ReplicaId;
  /** The namespace's other replicas, most recently granted first. */
  readonly known: readonly KnownReplica[];
  /** How many of the active ones were registered before the own one. */
  readonly rank: number;
  /** Names nobody has yet, the next to be assigned first. */
  readonly reserved: readonly ReplicaId[];
}

export interface Registry {
  /**
   * Renews a replica that is registered in this namespace, or assigns a new name. Throws `denied` for a replica
   * that is not this namespace's or not of this kind, `retired` for one that is, `quota` where there are too many;
   * `retry` where the store fails.
   */
  enrol(member: Member, kind: ReplicaKind, replica?: string): Promise<Enrolment>;
  /** All there ever were, also those whose objects were deleted; most recently granted first. */
  devices(namespace: Namespace): Promise<readonly RegisteredDevice[]>;
  /** One of these; throws `denied` for what is not this namespace's. */
  device(namespace: Namespace, replica: string): Promise<RegisteredDevice>;
}

export function createRegistry(
  store: StoreClient,
  marks: MarkStore,
  config: Pick<CheckedConfig, "now" | "log" | "grantSecondsMax">,
): Registry {
  const { now, log } = config;
  /** The last grant may have been given a day after the record was written. */
  const keptMs = refreshMsMin + config.grantSecondsMax * 1000 + retiredAfterMs;

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
    { namespace, endedAt }: Member,
    kind: ReplicaKind,
    taken: Set<ReplicaId>,
  ): Promise<ReplicaId> {
    for (let attempt = 0; attempt < assignAttemptsMax; attempt++) {
      const isTaken = (id: ReplicaId): boolean => taken.has(id);
      const [name] = await pool.nextNames({ namespace, endedAt, kind }, 1, isTaken);
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

  /** All there ever were, by id. */
  async function listed(namespace: Namespace): Promise<ReadonlyMap<ReplicaId, RegisteredDevice>> {
    const prefix = recordKey(namespace, "");
    const [records, marked] = await Promise.all([
      // One more than there may be, plus those of a race at the limit.
      store.list(prefix, recordsMax + assignAttemptsMax),
      marks.list(namespace),
    ]);
    const found = new Map<ReplicaId, RegisteredDevice>();
    for (const { key, lastModified: lastGrantedAt } of records) {
      const replica = key.slice(prefix.length);
      if (!key.startsWith(prefix) || !isReplicaId(replica)) continue;
      const ownMarks = marked.get(replica) ?? noMarks;
      const isRetired = ownMarks.isRetired || now() > lastGrantedAt + keptMs;
      const state = isRetired ? "retired" : "active";
      found.set(replica, { replica, state, marks: ownMarks, lastGrantedAt });
    }
    return found;
  }

  /**
   * The sign-in is kept beside the replica, so that retiring the one ends the other. Whoever retires it meanwhile
   * either sees that, or is seen here.
   */
  async function note({ namespace, family }: Member, own: ReplicaId): Promise<void> {
    await marks.note(namespace, own, family);
    const all = await marks.list(namespace);
    if (all.get(own)?.isRetired) throw retired();
    await marks.sweep(namespace, all, family);
  }

  async function enrol(member: Member, kind: ReplicaKind, replica?: string): Promise<Enrolment> {
    const { namespace, family, endedAt } = member;
    const [pool, found] = await Promise.all([openReplicaPool(store), listed(namespace)]);
    const taken = new Set(found.keys());
    if (replica === undefined) {
      const count = [...found.values()].filter((each) => each.marks.deletedAt === 0).length;
      if (count >= replicasMax || found.size >= recordsMax)
        throw new PresyncError("quota", `a namespace may have ${replicasMax} replicas`);
    }
    const own =
      replica === undefined
        ? await assign(pool, member, kind, taken)
        : registered(replica, kind, found);
    if (replica !== undefined)
      await renew(recordKey(namespace, own), found.get(own)?.lastGrantedAt ?? 0);
    if (found.get(own)?.marks.sessions.has(family) !== true) await note(member, own);
    const reserved = await Promise.all(
      replicaKinds.map((each) =>
        pool.nextNames({ namespace, endedAt, kind: each }, reservedPerKind, (id) => taken.has(id)),
      ),
    );
    const others = [...taken].filter((id) => id !== own).map((id) => found.get(id) ?? newcomer(id));
    return { own, known: toKnown(others), rank: rankOf(own, found), reserved: reserved.flat() };
  }

  return {
    enrol,
    devices: async (namespace) => byGrant([...(await listed(namespace)).values()]),
    async device(namespace, replica) {
      const found = isReplicaId(replica) ? (await listed(namespace)).get(replica) : undefined;
      if (found === undefined) throw foreign();
      return found;
    },
  };
}

/** Names lost in a race are newer than the listing: their device was granted just now. */
function newcomer(replica: ReplicaId): RegisteredDevice {
  return { replica, state: "active", marks: noMarks, lastGrantedAt: Number.POSITIVE_INFINITY };
}

function byGrant(devices: readonly RegisteredDevice[]): readonly RegisteredDevice[] {
  return devices.toSorted((a, b) => b.lastGrantedAt - a.lastGrantedAt);
}

/** Without those that were deleted long ago, should there be many. */
function toKnown(devices: readonly RegisteredDevice[]): readonly KnownReplica[] {
  const deleted = devices
    .filter(({ marks }) => marks.deletedAt > 0)
    .toSorted((a, b) => b.marks.deletedAt - a.marks.deletedAt);
  const dropped = new Set(deleted.slice(deletedListedMax));
  return byGrant(devices)
    .filter((device) => !dropped.has(device))
    .map(({ replica, state }) => ({ replica, state }));
}

/** By when they first signed in, and by their ids where that was in the same second. */
function rankOf(own: ReplicaId, found: ReadonlyMap<ReplicaId, RegisteredDevice>): number {
  const firstAt = (device: RegisteredDevice | undefined): number =>
    Math.min(Number.POSITIVE_INFINITY, ...(device?.marks.sessions.values() ?? []));
  const since = firstAt(found.get(own));
  return [...found.values()].filter((other) => {
    const at = firstAt(other);
    return other.state === "active" && (at < since || (at === since && other.replica < own));
  }).length;
}

/** The replica as one of this namespace and kind; a foreign one is refused, not quietly replaced. */
function registered(
  replica: string,
  kind: ReplicaKind,
  all: ReadonlyMap<ReplicaId, RegisteredDevice>,
): ReplicaId {
  const found = isReplicaId(replica) ? all.get(replica) : undefined;
  if (found === undefined || !replica.startsWith(`${kind}-`)) throw foreign();
  if (found.state === "retired") throw retired();
  return found.replica;
}

function foreign(): PresyncError {
  return new PresyncError("denied", "this replica is not registered for this user");
}

function retired(): PresyncError {
  return new PresyncError("retired", "this replica was retired: ask for another one");
}

/** Below it lies an object for each replica there ever was. */
export function recordKey(namespace: Namespace, name: string): string {
  return `@service/replicas/${namespace}/${name}`;
}
