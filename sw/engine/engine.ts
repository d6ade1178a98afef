/**
 * The engine: one user's Repo, kept in step with one namespace of the bucket. It guarantees that
 *
 * - a change the Repo has stored is published, whatever is killed in between (durable dirty set, journal);
 * - what others published reaches the Repo, and a bad object harms nothing else (inbox, set-aside list);
 * - `inBucket` resolves only after the store acknowledged it.
 */
import type {
  DocumentId,
  NetworkAdapterInterface,
  PeerId,
  StorageAdapterInterface,
} from "@automerge/automerge-repo/slim";
import { Repo } from "@automerge/automerge-repo/slim";
import type { ErrorCode } from "../../shared/errors.ts";
import { noAnswerCodes, PresyncError, toErrorData } from "../../shared/errors.ts";
import type { Status } from "../../shared/status.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { createBackoff } from "./backoff.ts";
import { BucketPeer, bucketPeerId } from "./bucket-peer.ts";
import { openDirtySet } from "./dirty-set.ts";
import type { Documents, Handle } from "./documents.ts";
import { covers, createDocuments, headsOf, measureNews } from "./documents.ts";
import type { Heads } from "./frontier.ts";
import { openFrontier } from "./frontier.ts";
import { guardStorage } from "./guarded-storage.ts";
import { openInbox } from "./inbox.ts";
import { changeReplica } from "./change-replica.ts";
import { createPoller } from "./poller.ts";
import type { Problems } from "./problems.ts";
import { createProblems } from "./problems.ts";
import { createPublisher } from "./publisher.ts";
import { openReplicaDisk } from "./replica-disk.ts";
import type { Bucket, World } from "./world.ts";

/** A lone edit leaves at once; so much is waited for the rest of what one action changes. */
const coalesceMs = 25;

/** R2 and GCS allow one write per second and key. */
const writeIntervalMs = 1_000;

const nonceBytes = 8;

/** Documents that wait to be published are needed soon, and counted until then; more would only fill memory. */
const openedAtStartMax = 50;

/** What problems are about. */
const storeSubject = "store";
const publishSubject = "publish";

export interface EngineOptions {
  readonly world: World;
  readonly openStorage: () => StorageAdapterInterface;
  readonly peerId: PeerId;
  /** Other peers of the Repo: the tabs. They are told of no document they have not asked for. */
  readonly networks?: readonly NetworkAdapterInterface[];
  /** The id the grant gives; null while signed out. */
  readonly replica: ReplicaId | null;
  /** Names the lock under which this replica writes to the bucket. */
  readonly lockName: string;
  /** Anything in `status()` may have changed. */
  readonly changed: () => void;
  /** Somebody else writes under our replica id: a clone of this profile. Get another id. */
  readonly cloned?: () => void;
  /** A later incarnation of this replica has started; this one has stopped. */
  readonly superseded?: () => void;
  /** A replica appeared under an id that was only reserved when the grant was made. */
  readonly newcomer?: () => void;
  /** The store refused for want of a valid grant: `use` another bucket when there is one. */
  readonly expired: () => void;
}

export type EngineStatus = Pick<
  Status,
  "bucket" | "pending" | "lastSavedAt" | "peers" | "problems"
> & { readonly diskFailing: boolean };

export interface Engine {
  readonly repo: Repo;
  readonly documents: Documents;
  readonly problems: Problems;
  /** The bucket to sync with from now on; null while there is no grant. */
  use(bucket: Bucket | null): void;
  /** What the tabs see of the world. Coming online or becoming visible hastens everything that waits. */
  conditions(conditions: { readonly online: boolean; readonly visible: boolean }): void;
  /** Opens a document, and brings what waits in the inbox into it. */
  open(id: DocumentId): Promise<Handle>;
  /** Resolves once the store has acknowledged these heads; rejects with `closed`. */
  inBucket(id: DocumentId, heads: Heads): Promise<void>;
  /** Publishes what is dirty now; true when nothing is left. */
  flush(): Promise<boolean>;
  status(): EngineStatus;
  close(): Promise<void>;
}

interface Waiter {
  readonly id: DocumentId;
  readonly heads: Heads;
  readonly resolve: () => void;
  readonly reject: (error: PresyncError) => void;
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { world, changed } = options;
  const { clock, timers, random } = world;
  const problems = createProblems(clock, changed);
  const disk = await openReplicaDisk(world.disk);
  const fledFrom = await changeReplica(disk, options.replica);
  const dirty = await openDirtySet(disk, () => {
    schedule();
    changed();
  });
  const frontier = await openFrontier(disk);
  const storage = guardStorage(options.openStorage, dirty, {
    timers,
    problems,
    changed,
    superseded: stop,
  });

  let bucket: Bucket | null = null;
  let online = true;
  let closed = false;
  let paused = false;
  let flushing: Promise<boolean> | null = null;
  let lastWriteAt = Number.NEGATIVE_INFINITY;
  let retryAt = Number.NEGATIVE_INFINITY;
  let cancelFlush: (() => void) | undefined;
  let lastFailure: ErrorCode | null = null;
  const backoff = createBackoff();
  const waiters = new Set<Waiter>();
  const wanted = new Set<DocumentId>();
  const measured = new Map<DocumentId, { state: string; changes: number; bytes: number }>();

  const peer = new BucketPeer({
    touched(id) {
      const handle = documents.loaded(id);
      if (handle === undefined) return;
      if (inbox.has(id)) void applyInbox(handle);
      acknowledgeIfKnown(handle);
    },
    requested(id) {
      if (inbox.has(id)) {
        const handle = documents.known(id);
        if (handle !== undefined) void applyInbox(handle);
        return;
      }
      wanted.add(id);
      answerWanted();
    },
  });
  const repo = new Repo({
    storage,
    network: [peer, ...(options.networks ?? [])],
    peerId: options.peerId,
    // Tabs ask for what they show; only the bucket is told of everything.
    shareConfig: {
      announce: async (peerId) => peerId === bucketPeerId,
      access: async () => true,
    },
  });
  const documents = createDocuments(repo);
  const inbox = await openInbox(disk, documents, problems);

  const publisher = await createPublisher({
    world,
    disk,
    documents,
    dirty,
    frontier,
    problems,
    nonce: random.bytes(nonceBytes),
    fledFrom,
    lockName: options.lockName,
    acknowledged(ids) {
      for (const id of ids) {
        const handle = documents.loaded(id);
        if (handle !== undefined) acknowledgeIfKnown(handle);
      }
      settleWaiters();
      changed();
    },
  });
  const poller = await createPoller({
    world,
    disk,
    frontier,
    inbox,
    problems,
    received(ids) {
      for (const id of ids) {
        wanted.delete(id);
        const handle = documents.known(id);
        if (handle !== undefined) void applyInbox(handle);
      }
    },
    sawOwn(from, generation) {
      if (from !== bucket || flushing !== null || closed) return;
      const found = generation ?? 0;
      if (found > publisher.issued) return options.cloned?.();
      if (found >= publisher.acknowledged) return;
      // A late PUT of an older one landed, or somebody deleted it: the newest is put back.
      publisher.republish();
      schedule();
    },
    expired: onExpired,
    answered: () => problems.resolve(storeSubject),
    noAnswer: (error) => problems.report(storeSubject, nameless(error)),
    newcomer: () => options.newcomer?.(),
    changed() {
      answerWanted();
      changed();
    },
  });

  function onExpired(): void {
    if (paused) return;
    paused = true;
    changed();
    options.expired();
  }

  function acknowledgeIfKnown(handle: Handle): void {
    const heads = headsOf(handle);
    if (covers(handle, frontier.known(handle.documentId), heads))
      peer.acknowledge(handle.documentId, heads);
  }

  async function applyInbox(handle: Handle): Promise<void> {
    try {
      await inbox.apply(handle);
      settleWaiters();
      if (handle.isReady()) acknowledgeIfKnown(handle);
      problems.resolve(`inbox/${handle.documentId}`);
    } catch (error) {
      if (!closed) problems.report(`inbox/${handle.documentId}`, error);
    }
  }

  function answerWanted(): void {
    if (bucket !== null && !poller.complete) return;
    for (const id of wanted) {
      wanted.delete(id);
      const handle = documents.known(id);
      if (handle !== undefined && !handle.isReady()) peer.unavailable(id);
    }
  }

  function settleWaiters(): void {
    for (const waiter of waiters) {
      const handle = documents.loaded(waiter.id);
      if (handle === undefined) continue;
      if (!covers(handle, frontier.known(waiter.id), waiter.heads)) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }

  function schedule(): void {
    cancelFlush?.();
    if (closed || paused || bucket === null || flushing !== null) return;
    if (!publisher.outstanding && publisher.acknowledged > 0) return;
    const now = clock.now();
    const at = Math.max(now + coalesceMs, lastWriteAt + writeIntervalMs, retryAt);
    cancelFlush = timers.after(at - now, () => void flush());
  }

  /** Never rejects: what fails is a problem and a later attempt. */
  function flush(): Promise<boolean> {
    if (flushing !== null) return flushing;
    const to = bucket;
    if (closed || to === null || paused) return Promise.resolve(!publisher.outstanding);
    cancelFlush?.();
    flushing = attempt(to).finally(() => {
      flushing = null;
      schedule();
      changed();
    });
    changed();
    return flushing;
  }

  async function attempt(to: Bucket): Promise<boolean> {
    try {
      lastWriteAt = clock.now();
      const more = await publisher.flush(to);
      backoff.reset();
      retryAt = Number.NEGATIVE_INFINITY;
      lastFailure = null;
      problems.resolve(publishSubject);
      problems.resolve(storeSubject);
      return !more && !publisher.outstanding;
    } catch (error) {
      const { code } = toErrorData(error);
      if (closed) return false;
      lastFailure = code;
      if (code === "expired") onExpired();
      else if (noAnswerCodes.has(code)) problems.report(storeSubject, nameless(error));
      else problems.report(publishSubject, error);
      if (code === "superseded") stop();
      else retryAt = clock.now() + backoff.next(random.uniform());
      return false;
    }
  }

  function stop(): void {
    if (closed) return;
    void close();
    options.superseded?.();
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    cancelFlush?.();
    poller.close();
    storage.close();
    for (const waiter of waiters) waiter.reject(new PresyncError("closed", "signed out"));
    waiters.clear();
    peer.disconnect();
    await flushing?.catch(() => false);
  }

  void Promise.all(
    dirty
      .ids()
      .slice(0, openedAtStartMax)
      .map((id) => documents.open(id)),
  );

  return {
    repo,
    documents,
    problems,
    use(next) {
      bucket = next;
      paused = false;
      backoff.reset();
      retryAt = Number.NEGATIVE_INFINITY;
      poller.use(next);
      schedule();
      answerWanted();
      changed();
    },
    conditions({ online: nowOnline, visible }) {
      poller.visible(visible);
      if (nowOnline && !online) {
        retryAt = Number.NEGATIVE_INFINITY;
        backoff.reset();
        poller.hint();
        schedule();
      }
      online = nowOnline;
    },
    async open(id) {
      const handle = await documents.open(id);
      if (inbox.has(id)) await applyInbox(handle);
      return handle;
    },
    inBucket: (id, heads) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new PresyncError("closed", "signed out"));
        waiters.add({ id, heads, resolve, reject });
        settleWaiters();
      }),
    flush,
    status() {
      const pending = countNews();
      return {
        bucket: bucketStatus(pending.documents > 0),
        pending,
        lastSavedAt: publisher.lastSavedAt,
        peers: poller.peers(),
        problems: problems.list(),
        diskFailing: storage.failing,
      };
    },
    close,
  };

  /** What the bucket lacks, as far as it is in memory; a document is measured again only when it has changed. */
  function countNews(): Status["pending"] {
    let [count, changes, bytes] = [0, 0, 0];
    for (const id of dirty.ids()) {
      const handle = documents.loaded(id);
      if (handle === undefined) {
        // What it holds is not known before it is opened: taken for something.
        count++;
        continue;
      }
      const known = frontier.known(id);
      const state = `${headsOf(handle).join()} ${known.join()}`;
      const before = measured.get(id);
      const news = before?.state === state ? before : { state, ...measureNews(handle, known) };
      measured.set(id, news);
      // What others published is marked dirty too, until it turns out that the bucket has it.
      if (news.changes > 0) count++;
      changes += news.changes;
      bytes += news.bytes;
    }
    for (const id of measured.keys()) if (!dirty.has(id)) measured.delete(id);
    return { documents: count, changes, bytes };
  }

  function bucketStatus(hasNews: boolean): Status["bucket"] {
    if (bucket === null) return "off";
    if (!hasNews && !publisher.writing) return "saved";
    if (paused || !online) return "waiting";
    if (lastFailure === null) return "saving";
    return noAnswerCodes.has(lastFailure) ? "waiting" : "failing";
  }
}

/** The error without the object it was about: the store as a whole does not answer. */
function nameless(error: unknown): PresyncError {
  const { code, message } = toErrorData(error);
  return new PresyncError(code, message, { cause: error });
}
