/**
 * What the service keeps of a device beside its registration, below `@service/devices/<namespace>/<replica>/`:
 *
 *     session-<family>   made when the device is first granted something in that sign-in
 *     name               what its user calls it
 *     retired            its user has retired it
 *     deleted            its objects were deleted; its id stays taken, since URLs for it may still be out
 *
 * A sign-in's mark goes when the sign-in is long over, unless it is the device's first or latest one. All but the name
 * are made and never changed, and the listing alone tells them, so any number of instances share them without a lock.
 */
import { deviceNameLengthMax } from "../shared/devices.ts";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { isReplicaId } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import type { IsOver } from "./mark-sweep.ts";
import { agedMarks } from "./mark-sweep.ts";
import { isSessionId } from "./session-token.ts";
import type { StoreClient } from "./store-client.ts";

/**
 * More than anybody's: each sign-in takes the marks of former ones along, and what stays of the 5000 devices there may
 * have been are two sign-ins, or that they were retired and deleted.
 */
const marksMax = 20_000;

/** Each costs a listing and a request, and each new sign-in makes one mark. */
const sweptMax = 16;

const recordVersion = 1;
const sessionPrefix = "session-";
const nameName = "name";

export interface DeviceMarks {
  /** Its sign-ins, with when each was first granted something: milliseconds since 1970, by the store's clock. */
  readonly sessions: ReadonlyMap<string, number>;
  readonly isNamed: boolean;
  readonly isRetired: boolean;
  /** When its objects were deleted; 0 where they were not. */
  readonly deletedAt: number;
}

export const noMarks: DeviceMarks = {
  sessions: new Map(),
  isNamed: false,
  isRetired: false,
  deletedAt: 0,
};

export interface MarkStore {
  /** Throws `denied` where there are more than can be listed. */
  list(namespace: Namespace): Promise<ReadonlyMap<ReplicaId, DeviceMarks>>;
  note(namespace: Namespace, replica: ReplicaId, family: string): Promise<void>;
  mark(namespace: Namespace, replica: ReplicaId, as: "retired" | "deleted"): Promise<void>;
  /** An empty name is none. */
  rename(namespace: Namespace, replica: ReplicaId, name: string): Promise<void>;
  nameOf(namespace: Namespace, replica: ReplicaId): Promise<string | null>;
  /** Drops some marks of sign-ins that are over, where that works; nothing rests on it. Never rejects. */
  sweep(
    namespace: Namespace,
    all: ReadonlyMap<ReplicaId, DeviceMarks>,
    from: string,
  ): Promise<void>;
  /** Forgets what the device was called and who was signed in there; that it is deleted is kept. */
  forget(namespace: Namespace, replica: ReplicaId, marks: DeviceMarks): Promise<void>;
}

export function createMarkStore(
  store: StoreClient,
  config: Pick<CheckedConfig, "now" | "sessionSeconds">,
  isOver: IsOver,
): MarkStore {
  const record = (more: object = {}): string =>
    JSON.stringify({ version: recordVersion, at: config.now(), ...more });

  return {
    async list(namespace) {
      const prefix = marksPrefix(namespace);
      const listed = await store.list(prefix, marksMax);
      // A mark that was left out could be the one that says no.
      if (listed.length >= marksMax)
        throw new PresyncError("denied", "this user has signed in too often: remove devices");
      const found = new Map<ReplicaId, DeviceMarks>();
      for (const { key, lastModified } of listed) {
        const [replica, name = "", ...deeper] = key.slice(prefix.length).split("/");
        if (!isReplicaId(replica) || deeper.length > 0) continue;
        found.set(replica, withMark(found.get(replica) ?? noMarks, name, lastModified));
      }
      return found;
    },
    async note(namespace, replica, family) {
      await store.create(markKey(namespace, replica, sessionPrefix + family), record());
    },
    async mark(namespace, replica, as) {
      await store.create(markKey(namespace, replica, as), record());
    },
    async rename(namespace, replica, name) {
      const key = markKey(namespace, replica, nameName);
      if (name === "") await store.delete([key]);
      else await store.put(key, record({ name }));
    },
    async nameOf(namespace, replica) {
      const text = await store.get(markKey(namespace, replica, nameName));
      return text === null ? null : readName(text);
    },
    async sweep(namespace, all, from) {
      const before = config.now() - config.sessionSeconds * 1000;
      try {
        const over = await Promise.all(
          agedMarks(all, before, from, sweptMax).map(async ({ replica, family }) => {
            const key = markKey(namespace, replica, sessionPrefix + family);
            return (await isOver({ namespace, family })) ? [key] : [];
          }),
        );
        await store.delete(over.flat());
      } catch {
        // The store client has logged it. The next sign-in tries again.
      }
    },
    async forget(namespace, replica, { sessions }) {
      const names = [nameName, ...[...sessions.keys()].map((family) => sessionPrefix + family)];
      await store.delete(names.map((name) => markKey(namespace, replica, name)));
    },
  };
}

/** Below it lies all that is kept of a user's devices but their registrations. */
export function marksPrefix(namespace: Namespace): string {
  return `@service/devices/${namespace}/`;
}

function markKey(namespace: Namespace, replica: ReplicaId, name: string): string {
  return `${marksPrefix(namespace)}${replica}/${name}`;
}

function withMark(marks: DeviceMarks, name: string, at: number): DeviceMarks {
  if (name === nameName) return { ...marks, isNamed: true };
  if (name === "retired") return { ...marks, isRetired: true };
  if (name === "deleted") return { ...marks, isRetired: true, deletedAt: at };
  const family = name.startsWith(sessionPrefix) ? name.slice(sessionPrefix.length) : "";
  if (!isSessionId(family)) return marks;
  return { ...marks, sessions: new Map([...marks.sessions, [family, at]]) };
}

/** A name that cannot be read is none: it is shown, and nothing rests on it. */
function readName(text: string): string | null {
  try {
    const { name } = JSON.parse(text) as { readonly name?: unknown };
    return typeof name === "string" ? name.slice(0, deviceNameLengthMax) : null;
  } catch {
    return null;
  }
}
