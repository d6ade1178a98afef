/**
 * What the worker remembers beside the documents: who is current, each user's session and grant. All of it is
 * secret; it lives in the worker's IndexedDB, and no message to a tab carries any of it.
 */
import type { UseStore } from "idb-keyval";
import { promisifyRequest, update } from "idb-keyval";
import type { Grant } from "../shared/grants.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import type { UserId } from "../shared/wire.ts";
import type { BegunSignIn } from "./begun-sign-ins.ts";
import { asDiskError } from "./engine/guarded-storage.ts";

export interface Session {
  readonly token: string;
  readonly namespace: Namespace;
  /** Milliseconds since 1970 by the service's clock. */
  readonly expiresAt: number;
  /** When it came, by this device's clock; so long after that it is to be exchanged for the next. */
  readonly receivedAt: number;
  readonly refreshAfterMs: number;
}

export interface UserRecord {
  readonly id: UserId;
  /** Null for a user who has not signed in. */
  readonly namespace: Namespace | null;
  /** Where the user's service is, as the page that signed in named it. */
  readonly service: string | null;
  readonly session: Session | null;
  /** What was signed in with, so that a call that is repeated is known: a public key, or a code that is used up. */
  readonly proof?: string;
  /** Everything of the user is being deleted, and the service was told to finish; not if a grant has come since. */
  readonly isEnding?: boolean;
  readonly grant: Grant | null;
  /** Kept after signing out, so that signing in again continues as the same replica. */
  readonly replica: ReplicaId | null;
  /** The user who signed in over this signed-out one: the data may go there and nowhere else. */
  readonly claimedBy: UserId | null;
  /** Users whose data was merged into this one's, the latest last. */
  readonly absorbed: readonly UserId[];
}

export interface RegistryState {
  readonly current: UserId;
  readonly users: Readonly<Record<UserId, UserRecord>>;
  /** Users whose databases are to be erased, and are as soon as that is possible. */
  readonly erasing: readonly UserId[];
  /** The last one of whom everything was deleted from here, so that a call that is repeated is known. */
  readonly deleted?: UserId;
  /** Newest first. */
  readonly begun?: readonly BegunSignIn[];
}

/** How many merged users a tab may still come from; older ones have long been reloaded. */
const absorbedMax = 32;

export interface Registry {
  read(): Promise<RegistryState>;
  /** Changes the state in one transaction; `change` may run again and must have no effects. */
  change(change: (state: RegistryState) => RegistryState): Promise<RegistryState>;
}

const stateKey = "registry";

export function openRegistry(databaseName: string): Registry {
  const openStore = (): UseStore => strictStore(databaseName, "registry");
  let store = openStore();
  const initial = signedOutState();
  const attempt: Registry["change"] = async (action) => {
    let next = initial;
    await update<RegistryState>(
      stateKey,
      (found) => {
        next = action(found ?? initial);
        return next;
      },
      store,
    );
    return next;
  };
  const change: Registry["change"] = async (action) => {
    try {
      return await attempt(action);
    } catch {
      // Browsers close a connection by themselves at times, and do not always say so.
      store = openStore();
    }
    try {
      return await attempt(action);
    } catch (error) {
      throw asDiskError(error);
    }
  };
  // Also reading is a change: of two workers at their first start, one names the signed-out user for both.
  return { change, read: () => change((state) => state) };
}

/**
 * As idb-keyval's own, but what it says to be stored is on the disk, where the browser can see to that: a session that
 * was exchanged, and is back after a power loss, is a copy in the eyes of the service.
 */
function strictStore(databaseName: string, storeName: string): UseStore {
  const request = indexedDB.open(databaseName);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(storeName));
  const opening = promisifyRequest(request);
  // Whoever asks is told.
  opening.catch(() => undefined);
  return async (mode, action) => {
    const transaction = (await opening).transaction(storeName, mode, { durability: "strict" });
    return action(transaction.objectStore(storeName));
  };
}

function signedOutState(): RegistryState {
  const user = signedOutUser();
  return { current: user.id, users: { [user.id]: user }, erasing: [] };
}

export function signedOutUser(): UserRecord {
  return {
    id: `local-${crypto.randomUUID()}`,
    namespace: null,
    service: null,
    session: null,
    grant: null,
    replica: null,
    claimedBy: null,
    absorbed: [],
  };
}

export function currentUser(state: RegistryState): UserRecord {
  return state.users[state.current] ?? { ...signedOutUser(), id: state.current };
}

export function withUser(state: RegistryState, user: UserRecord): RegistryState {
  return { ...state, users: { ...state.users, [user.id]: user } };
}

/** A grant that was asked for a while ago; null where none is to be used any more. */
export function withGrant(state: RegistryState, id: UserId, grant: Grant | null): RegistryState {
  const found = state.users[id];
  // Signed out in the meantime: the grant must not come back.
  if (found === undefined || found.session === null) return state;
  if (grant === null) return withUser(state, { ...found, grant });
  // Another incarnation has taken another id in the meantime: the old one must not come back.
  if (found.replica !== null && found.replica !== grant.replica) return state;
  const { isEnding: _, ...rest } = found;
  return withUser(state, { ...rest, grant, replica: grant.replica });
}

function withoutUser(state: RegistryState, id: UserId): RegistryState {
  return {
    ...state,
    users: Object.fromEntries(Object.entries(state.users).filter(([key]) => key !== id)),
  };
}

export function absorbing(user: UserRecord, other: UserId): UserRecord {
  const absorbed = [...user.absorbed.filter((id) => id !== other), other];
  return { ...user, absorbed: absorbed.slice(-absorbedMax) };
}

/** The user is gone, and its databases are to go. */
export function erasingUser(state: RegistryState, id: UserId): RegistryState {
  const erasing = [...state.erasing.filter((other) => other !== id), id];
  return { ...withoutUser(state, id), erasing };
}
