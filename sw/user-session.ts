/**
 * One user's life in the worker: the engine on the user's databases, the grant, and the tabs that show the
 * user's documents. Signing in or out ends one of these and begins another.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId, PeerId } from "@automerge/automerge-repo/slim";
import { isValidDocumentId } from "@automerge/automerge-repo/slim";
import { PresyncError } from "../shared/errors.ts";
import type { Grant } from "../shared/grants.ts";
import type { Status } from "../shared/status.ts";
import type { Changes, UserId } from "../shared/wire.ts";
import type { Account } from "./account.ts";
import { createAccount } from "./account.ts";
import type { Databases } from "./databases.ts";
import { DocumentStorage } from "./document-storage.ts";
import { hasAll } from "./engine/chunks.ts";
import type { Handle } from "./engine/documents.ts";
import { headsOf } from "./engine/documents.ts";
import type { Engine } from "./engine/engine.ts";
import { createEngine } from "./engine/engine.ts";
import type { GrantKeeper } from "./grant-keeper.ts";
import { createGrantKeeper } from "./grant-keeper.ts";
import type { Live } from "./live.ts";
import { createLive } from "./live.ts";
import { pause } from "./pause.ts";
import type { Registry, UserRecord } from "./registry.ts";
import { withGrant } from "./registry.ts";
import { createServiceClient } from "./service-client.ts";
import { createSessionKeeper } from "./session-keeper.ts";
import { createStoreQueue } from "./store-queue.ts";
import { TabNetwork } from "./tab-network.ts";
import { correctedClock } from "./world/corrected-clock.ts";
import { openIndexedDbDisk } from "./world/indexeddb-disk.ts";
import { createPresignedBucket } from "./world/presigned-bucket.ts";
import { createWebWorld } from "./world/web-world.ts";

export type SessionStatus = Pick<
  Status,
  | "device"
  | "bucket"
  | "pending"
  | "lastSavedAt"
  | "auth"
  | "grantExpiresAt"
  | "clockAheadMs"
  | "hints"
  | "user"
  | "peers"
  | "problems"
>;

interface Applied {
  readonly handle: Handle;
  readonly stored: Promise<void> | null;
}

export interface UserSession {
  readonly user: UserRecord;
  readonly tabs: TabNetwork;
  readonly peerId: PeerId;
  readonly engine: Engine;
  readonly account: Account;
  readonly live: Pick<Live, "peers" | "presence">;
  /** What these documents hold, without opening them. Throws `invalid-argument` for what is no document id. */
  peek(documentIds: readonly string[]): Promise<(object | null)[]>;
  /** Makes sure the document exists, born as `birth` says, and is on disk. */
  open(documentId: string, birth: Uint8Array): Promise<void>;
  /**
   * Brings a tab's changes into the document. `stored` resolves once they are on disk; null where they build
   * on changes that are not here, and then nothing was taken.
   */
  apply(changes: Changes): Promise<Applied>;
  /** Resolves once these heads of the document are here and on disk. */
  stored(documentId: string, heads: readonly string[]): Promise<void>;
  /** Resolves once the store has acknowledged these heads. */
  inBucket(documentId: string, heads: readonly string[]): Promise<void>;
  /** The same, until all are on disk; returns those that build on changes that have not come yet. */
  applyAll(changes: readonly Changes[]): Promise<Changes[]>;
  /**
   * Nothing is written to the bucket any more while `action` runs, nor after it, unless it fails: then all goes on as
   * before.
   */
  withoutBucket(action: () => Promise<void>): Promise<void>;
  /** Whether it reads, writes or asks the service, or is about to. */
  readonly isBusy: boolean;
  conditions(conditions: { readonly online: boolean; readonly visible: boolean }): void;
  status(): SessionStatus;
  close(): Promise<void>;
}

export interface UserSessionParts {
  readonly databases: Databases;
  readonly registry: Registry;
  readonly user: UserRecord;
  readonly changed: () => void;
  /** This replica's id is no good any more: somebody else writes under it, or it was retired. */
  readonly cloned: (user: UserId) => Promise<void>;
  /** A later incarnation of the worker has taken over. */
  readonly superseded: () => void;
}

export async function openUserSession(parts: UserSessionParts): Promise<UserSession> {
  const { databases, registry, user, changed } = parts;
  const disk = openIndexedDbDisk(databases.engine(user.id));
  const world = createWebWorld(disk);
  const corrected = correctedClock(world.clock, () => {
    keeper.clockSet();
    changed();
  });
  const tabs = new TabNetwork();
  const client = user.service === null ? null : createServiceClient(user.service);
  const sessions =
    client && createSessionKeeper({ registry, user: user.id, client, clock: world.clock });
  let { grant: latest } = user;
  const live = createLive({
    world,
    engine: () => engine,
    signedIn: client && sessions && { client, sessions },
    replica: () => latest?.replica ?? user.replica,
    isRevoked: () => isRevoked(),
    changed,
  });
  const refreshed = (): void => {
    live.peers.refresh();
    changed();
  };
  const storages = new Set<DocumentStorage>();
  const openStorage = (): DocumentStorage => {
    for (const storage of storages) storage.close();
    storages.clear();
    const storage = new DocumentStorage(databases.documents(user.id));
    storages.add(storage);
    return storage;
  };
  // Named anew each time: to a tab's Repo a peer that comes back under its old name never left.
  const peerId = `worker-${crypto.randomUUID()}` as PeerId;
  const engine = await createEngine({
    world,
    openStorage,
    peerId,
    networks: [tabs],
    replica: user.grant?.replica ?? user.replica,
    lockName: `${databases.engine(user.id)} writer`,
    changed: refreshed,
    expired: () => keeper.refused(),
    published: (generation, time) => live.published(generation, time),
    newcomer: () => keeper.refresh(),
    cloned: () => void parts.cloned(user.id),
    superseded: parts.superseded,
  });
  const queue = createStoreQueue(engine.documents, changed, (id) => live.peers.stored(id));
  let isWithoutBucket = false;
  const use = (grant: Grant | null): void => {
    latest = grant;
    live.granted();
    if (isWithoutBucket) return;
    const bucket = grant && createPresignedBucket(grant, corrected, { isRevoked, missed });
    engine.use(bucket);
    live.use(bucket);
  };
  const isRevoked = (): boolean => keeper.auth === "revoked";
  const missed = async (): Promise<void> => {
    // At its first start there is none yet.
    if (engine.status().lastSavedAt !== null) await keeper.renew();
  };
  const keeper: GrantKeeper = createGrantKeeper({
    ...world,
    clock: corrected,
    problems: engine.problems,
    user,
    client,
    sessions,
    use,
    retired: () => parts.cloned(user.id),
    async save(grant) {
      await registry.change((state) => withGrant(state, user.id, grant));
    },
    changed: refreshed,
  });
  use(latest);
  await tabs.connected();
  const account = createAccount({
    client,
    sessions,
    disk,
    engine,
    pause,
    renew: () => keeper.renew(),
  });

  const apply = async (changes: Changes): Promise<Applied> => {
    const handle = await engine.documents.open(parseDocumentId(changes.documentId));
    const isHere = (): boolean => handle.isReady() && hasAll(handle.doc(), changes.heads);
    handle.update((doc) => A.loadIncremental(doc, changes.bytes));
    if (!isHere()) return { handle, stored: null };
    return { handle, stored: storeChecked(handle, isHere) };
  };

  /** A document that was being loaded may have been put in the place of what was just brought into it. */
  const storeChecked = async (handle: Handle, isHere: () => boolean): Promise<void> => {
    await queue.store(handle);
    if (!isHere()) throw new PresyncError("internal", "a change was lost on its way to the disk");
  };

  return {
    user,
    tabs,
    peerId,
    engine,
    account,
    live,
    async withoutBucket(action) {
      // What is on its way has arrived by then, and is among what `action` finds.
      await engine.flush();
      isWithoutBucket = true;
      // First whoever would ask the engine for something.
      live.use(null);
      engine.use(null);
      try {
        await action();
      } catch (error) {
        isWithoutBucket = false;
        use(latest);
        throw error;
      }
    },
    async peek(documentIds) {
      const found: (object | null)[] = [];
      // One after the other: one document is in memory at a time, and edits get their turn in between.
      for (const id of documentIds.map((text) => parseDocumentId(text)))
        found.push(await engine.peek(id, (doc) => doc));
      return found;
    },
    async open(documentId, birth) {
      const handle = await engine.open(parseDocumentId(documentId));
      handle.update((doc) => A.loadIncremental(doc, birth));
      await queue.store(handle);
    },
    apply,
    async applyAll(changes) {
      const left: Changes[] = [];
      const applied = await Promise.all(changes.map(apply));
      for (const [index, { stored }] of applied.entries())
        if (stored === null) left.push(changes[index]!);
        else await stored;
      return left;
    },
    async stored(documentId, heads) {
      const handle = await engine.documents.open(parseDocumentId(documentId));
      await arrival(handle, heads);
      await queue.store(handle);
    },
    async inBucket(documentId, heads) {
      const { documentId: id } = await engine.open(parseDocumentId(documentId));
      await engine.inBucket(id, heads);
    },
    get isBusy() {
      return engine.isBusy || keeper.isRenewing || live.isReporting;
    },
    conditions(conditions) {
      live.conditions(conditions);
      if (conditions.online) keeper.online();
    },
    status() {
      const { diskFailing, ...shared } = engine.status();
      return {
        ...shared,
        peers: shared.peers.map((peer) => ({ ...peer, channel: live.peers.has(peer.replica) })),
        device: diskFailing ? "failing" : queue.size > 0 ? "saving" : "saved",
        auth: keeper.auth,
        grantExpiresAt: keeper.expiresAt,
        clockAheadMs: corrected.aheadMs,
        hints: live.hints,
        user:
          user.namespace === null
            ? null
            : { namespace: user.namespace, replica: user.grant?.replica ?? user.replica },
      };
    },
    async close() {
      keeper.close();
      live.close();
      await engine.close();
      for (const storage of storages) storage.close();
      disk.close();
    },
  };
}

/** Resolves once the document has these heads. */
function arrival(handle: Handle, heads: readonly string[]): Promise<void> {
  const here = (): boolean => handle.isReady() && hasAll(handle.doc(), heads);
  if (here()) return Promise.resolve();
  return new Promise((resolve) => {
    const look = (): void => {
      if (!here()) return;
      handle.off("heads-changed", look);
      resolve();
    };
    handle.on("heads-changed", look);
  });
}

/** The heads a document has, or none where it has no content. */
export function headsIfReady(handle: Handle): readonly string[] {
  return handle.isReady() ? headsOf(handle) : [];
}

function parseDocumentId(text: string): DocumentId {
  if (isValidDocumentId(text)) return text;
  throw new PresyncError("invalid-argument", "not a document id");
}
