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
import { createDeferred } from "../../shared/deferred.ts";
import { noAnswerCodes, PresyncError, toErrorData } from "../../shared/errors.ts";
import type { PeerSeen, Status } from "../../shared/status.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { LogicalTime } from "../../shared/hlc.ts";
import { isDrifting } from "../../shared/hlc.ts";
import { createAdoption } from "./adoption.ts";
import { createApplier } from "./applier.ts";
import { BucketPeer, bucketPeerId } from "./bucket-peer.ts";
import { createBucketWaiters } from "./bucket-waiters.ts";
import { changeReplica } from "./change-replica.ts";
import type { AnyDoc } from "./chunks.ts";
import { createComplaints } from "./complaints.ts";
import { createCollector } from "./collect.ts";
import { holdMsMax, leftKey, openDirtySet } from "./dirty-set.ts";
import type { Documents, Handle } from "./documents.ts";
import { covers, createDocuments, headsOf } from "./documents.ts";
import { createFlushLoop } from "./flush-loop.ts";
import type { Heads } from "./frontier.ts";
import { openFrontier } from "./frontier.ts";
import { guardStorage } from "./guarded-storage.ts";
import { createHousekeeping, silentMsMax } from "./housekeeping.ts";
import { openInbox } from "./inbox.ts";
import { createMerger } from "./merger.ts";
import { createNewsCount } from "./news-count.ts";
import { pause } from "./pause.ts";
import { peek } from "./peek.ts";
import type { PeerNews } from "./peer-news.ts";
import { createPeerNews } from "./peer-news.ts";
import { createPeerReader } from "./peer-reader.ts";
import { openPeerRecords } from "./peer-records.ts";
import { createPoller } from "./poller.ts";
import type { Problems } from "./problems.ts";
import { createProblems } from "./problems.ts";
import { createPublisher } from "./publisher.ts";
import { readUpTo } from "./reader.ts";
import { openReplicaDisk } from "./replica-disk.ts";
import { createReplicaWriter } from "./replica-writer.ts";
import { createSearches } from "./searches.ts";
import type { Tuning } from "./tuning.ts";
import { defaultTuning } from "./tuning.ts";
import { createWants } from "./wants.ts";
import type { Bucket, World } from "./world.ts";

const nonceBytes = 8;

const noChannels: ReadonlySet<ReplicaId> = new Set();

/** Time to read what others have published, before the same is published here. */
const lookBeforeMs = 15_000;

/** How long closing waits for what is under way. */
const farewellMs = 5_000;

/** Between attempts to bring into a document what waits for it. */
const applyRetryMs = 10_000;

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
  /** Names this build of presync: what an earlier one could not apply is tried again. */
  readonly build?: string;
  /** For measurements. */
  readonly tuning?: Partial<Tuning>;
  /** Anything in `status()` may have changed. */
  readonly changed: () => void;
  /** Somebody else writes under our replica id: a clone of this profile. Get another id. */
  readonly cloned?: () => void;
  /** The store has taken a manifest: whoever would otherwise have to look for it may be told. */
  readonly published?: (generation: number, time: LogicalTime) => void;
  /** A later incarnation of this replica has started; this one has stopped. */
  readonly superseded?: () => void;
  /** A replica appeared under an id that was only reserved when the grant was made. */
  readonly newcomer?: () => void;
  /** The store refused for want of a valid grant: `use` another bucket when there is one. */
  readonly expired: () => void;
}

export type EngineStatus = Pick<Status, "bucket" | "pending" | "lastSavedAt" | "problems"> & {
  readonly peers: readonly PeerSeen[];
  readonly diskFailing: boolean;
};

export interface Engine {
  readonly repo: Repo;
  readonly documents: Documents;
  readonly problems: Problems;
  /** The bucket to sync with from now on; null while there is no grant. */
  use(bucket: Bucket | null): void;
  /** What the tabs see of the world. Coming online or becoming visible hastens everything that waits. */
  conditions(conditions: {
    readonly online: boolean;
    readonly visible: boolean;
    /** Hints are coming: polling only has to find what they miss. */
    readonly hinted?: boolean;
    /** And they tell of every change, whoever made it. */
    readonly watched?: boolean;
    /** The replicas that tell of their own changes. */
    readonly channels?: ReadonlySet<ReplicaId>;
  }): void;
  /**
   * A replica, or without one any of them, may have written something, up to this generation if that is known: ask now,
   * unless it is here already. Hints may be lost, doubled or late.
   */
  hint(replica?: ReplicaId, generation?: number): void;
  /** What other replicas send before it is in the bucket, and what there is to send to them. */
  readonly news: PeerNews;
  /** The other replicas that have been seen. */
  peers(): readonly PeerSeen[];
  /** Opens a document, and brings what waits in the inbox into it. */
  open(id: DocumentId): Promise<Handle>;
  /** What `look` makes of a document that is not opened for it; null for what is not on this device. */
  peek<T>(id: DocumentId, look: (doc: AnyDoc) => T): Promise<T | null>;
  /** Resolves once the store has acknowledged these heads; rejects with `closed`. */
  inBucket(id: DocumentId, heads: Heads): Promise<void>;
  /** Publishes what is dirty now; true when nothing is left. */
  flush(): Promise<boolean>;
  /** Whether it reads or writes, or is about to: not while it waits for a network, a grant or the next poll. */
  readonly isBusy: boolean;
  status(): EngineStatus;
  close(): Promise<void>;
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { world, changed } = options;
  const { clock, timers, random } = world;
  const problems = createProblems(clock, changed);
  const tuning = { ...defaultTuning, ...options.tuning };
  const disk = await openReplicaDisk(world.disk);
  const fledFrom = await changeReplica(disk, options.replica);
  const dirty = await openDirtySet(disk, () => {
    flushes.schedule();
    changed();
  });
  const frontier = await openFrontier(disk);
  // What a peer sent is about to be published by that one.
  const mark = (id: DocumentId): Promise<void> => dirty.mark(id, news.heldUntil(id));
  const storage = guardStorage(
    options.openStorage,
    { mark },
    {
      timers,
      problems,
      changed,
      superseded: stop,
      isCurrent: () => disk.isCurrent(),
      markAnyway: (id) => disk.commitUnguarded({ put: { [leftKey(id)]: true } }),
    },
  );

  let bucket: Bucket | null = null;
  /** The newest own manifest that the store has taken. */
  let takenUpTo = 0;
  let isOnline = true;
  let isPaused = false;
  let isClosed = false;
  let isCloned = false;
  let isInView = false;
  /** What waits for these documents is brought into them again soon. */
  const awaitingDisk = new Set<DocumentId>();
  const closing = createDeferred<never>();
  closing.promise.catch(() => undefined);

  const peer = new BucketPeer({
    touched(id) {
      const handle = documents.loaded(id);
      if (handle === undefined) return;
      if (inbox.has(id)) void applyInbox(handle);
      void acknowledgeIfKnown(handle);
    },
    requested(id) {
      const handle = documents.receptive(id);
      if (inbox.has(id) && handle !== undefined) void applyInbox(handle);
      else searches.begin(id);
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
  const documents = createDocuments(repo, storage);
  const inbox = await openInbox(disk, clock);
  const waiters = createBucketWaiters(documents, frontier);
  const countNews = createNewsCount(dirty, documents, frontier);
  const applier = await createApplier({
    world,
    disk,
    documents,
    inbox,
    problems,
    build: options.build ?? "",
  });
  const records = await openPeerRecords(disk);

  const writer = await createReplicaWriter({
    world,
    disk,
    dirty,
    frontier,
    nonce: random.bytes(nonceBytes),
    taken(generation, time) {
      takenUpTo = generation;
      options.published?.(generation, time);
    },
    acknowledged(ids) {
      for (const id of ids) {
        const handle = documents.loaded(id);
        if (handle !== undefined) void acknowledgeIfKnown(handle);
      }
      // It was written over with a good one just now.
      if (bucket !== null) problems.resolve(`read/${bucket.replica}`);
      poller.wrote();
      waiters.settle();
      changed();
    },
  });
  const wants = createWants({
    world,
    disk,
    waitingSince: applier.waitingSince,
    isHeld: async (id) => inbox.has(id) || (await documents.storedChunks(id)).length > 0,
    revoke: (ids, heldUntil) => publisher.revoke(ids, heldUntil),
  });
  const collector = createCollector({
    clock,
    documents,
    dirty,
    frontier,
    inbox,
    problems,
    restUntil: (id, doc, known) => news.restUntil(id, doc, known),
    vanished: (id) => void searches.vanished(id),
  });
  const publisher = createPublisher({
    world,
    tuning,
    writer,
    collector,
    documents,
    dirty,
    frontier,
    fledFrom,
    wants: () => wants.list(),
    unreadable: () => records.unreadable(),
    lockName: options.lockName,
    closing: closing.promise,
  });
  const flushes = createFlushLoop({
    world,
    tuning,
    // The first manifest is written without any news: it tells the others that we are here.
    isOutstanding: (now) => publisher.isOutstanding(now) || publisher.acknowledged === 0,
    nextAt: (now) => publisher.nextAt(now),
    packedAt: () => publisher.packedAt,
    publish: (to) => publisher.flush(to),
    succeeded() {
      problems.resolve(publishSubject);
      problems.resolve(storeSubject);
      if (bucket !== null) housekeeping.wrote(bucket);
    },
    failed(error) {
      const { code } = toErrorData(error);
      if (code === "superseded") return stop();
      if (code === "expired") return onExpired();
      if (code === "conflict") void onCloned();
      if (noAnswerCodes.has(code)) problems.report(storeSubject, silence(error));
      else problems.report(publishSubject, error);
    },
    changed,
  });
  const outstanding = (): void => flushes.schedule();
  const merger = createMerger({
    world,
    tuning,
    writer,
    publisher,
    documents,
    frontier,
    problems,
    outstanding,
    superseded: stop,
  });
  const adoption = createAdoption({
    world,
    tuning,
    records,
    frontier,
    writer,
    publisher,
    problems,
    outstanding,
    incomplete(replica) {
      reader.readAnew(replica);
      poller.hint(replica);
    },
    outdated: (replica) => poller.hint(replica),
  });
  const checkSilence = (): void => {
    const { lastSavedAt } = publisher;
    if (!isInView || bucket === null || lastSavedAt === null) return;
    if (Math.abs(clock.now() - lastSavedAt) < silentMsMax) return;
    publisher.republish();
    flushes.schedule();
  };
  const complaints = createComplaints({ clock, records, lost: replace });
  const housekeeping = createHousekeeping({
    timers,
    tuning,
    merger,
    adoption,
    unload: () => applier.unload(),
    checkComplaints: () => complaints.check(),
    checkWants() {
      if (writer.manifest === null || !wants.isOutdated(writer.manifest.wants)) return;
      publisher.republish();
      flushes.schedule();
    },
    checkSilence,
    failed: onInternal,
  });

  const reader = createPeerReader({
    world,
    disk,
    records,
    frontier,
    dirty,
    inbox,
    received,
    changed: (replica) => poller.hint(replica),
    complain() {
      publisher.republish();
      flushes.schedule();
    },
    heard(replica, manifest) {
      const complaint = manifest.unreadable.find((other) => other.replica === bucket?.replica);
      if (complaint !== undefined && bucket !== null)
        void merger.complained(bucket, complaint.generation);
      writer.hear(manifest.time);
      const subject = `clock/${replica}`;
      if (!isDrifting(manifest.time, clock.now())) problems.resolve(subject);
      else problems.report(subject, new PresyncError("clock-drift", "a clock that is far ahead"));
      if (bucket !== null && manifest.fledFrom.includes(bucket.replica)) void onCloned();
      wants.answer(manifest.wants).catch(onInternal);
      complaints.heard(manifest.unreadable).catch(onInternal);
    },
    lost: replace,
    askedOthersSince: (since) => poller.askedSince(since),
  });
  const news = createPeerNews({ world, disk, documents, dirty, frontier, inbox, received });
  const searches = createSearches({
    documents,
    inbox,
    frontier,
    problems,
    reader,
    bucket: () => bucket,
    // Signed out there is nobody to ask; signed in and without a grant nobody was asked yet.
    isAnswered: () => (bucket === null ? options.replica === null : poller.complete),
    reread: (replica) => poller.hint(replica),
    unavailable: (id) => peer.unavailable(id),
  });
  const poller = await createPoller({
    world,
    disk,
    records,
    reader,
    problems,
    sawOwn(from, found) {
      if (from !== bucket || isClosed) return false;
      const verdict = publisher.judge(found);
      if (verdict === "foreign") void onCloned();
      // While one is being written, that it is not there yet says nothing.
      if (flushes.isFlushing) return false;
      if (verdict !== "stale") return verdict === "ours";
      // A late PUT of an older one landed, or somebody deleted it: the newest is put back.
      publisher.repair().then(outstanding, onInternal);
      return false;
    },
    superseded: stop,
    expired: onExpired,
    answered: () => problems.resolve(storeSubject),
    noAnswer: (error) => problems.report(storeSubject, silence(error)),
    newcomer: () => options.newcomer?.(),
    changed() {
      searches.settle();
      changed();
    },
  });

  /** Publishes again what a replica had published, as far as it is here. */
  async function replace(replica: ReplicaId): Promise<void> {
    world.log.warn("a replica is lost, and its documents are published again", { replica });
    const holdMs = random.uniform() * holdMsMax;
    await publisher.revoke(await frontier.publishedBy(replica), clock.now() + holdMs);
    // Whoever was first has published it by then: that is worth a look before doing it again.
    if (!isClosed) timers.after(Math.max(0, holdMs - lookBeforeMs), () => poller.hint());
    flushes.schedule();
  }

  function received(ids: readonly DocumentId[]): void {
    for (const id of ids) {
      searches.end(id);
      const handle = documents.receptive(id);
      if (handle !== undefined) void applyInbox(handle);
    }
  }

  /** What is tried again anyway is no problem of anybody's; a takeover ends everything. */
  function onInternal(error: unknown): void {
    const { code } = toErrorData(error);
    if (code === "superseded") stop();
    else if (code !== "closed" && !noAnswerCodes.has(code)) problems.report("internal", error);
  }

  function onExpired(): void {
    if (isPaused) return;
    isPaused = true;
    flushes.pause();
    changed();
    options.expired();
  }

  async function onCloned(): Promise<void> {
    if (isCloned) return;
    // Nothing is written any more until there is another id.
    isCloned = true;
    publisher.forsake();
    flushes.pause();
    // A later incarnation of our own is no clone.
    if (!(await disk.isCurrent().catch(() => true))) return stop();
    options.cloned?.();
  }

  async function acknowledgeIfKnown(handle: Handle): Promise<void> {
    try {
      const known = await frontier.known(handle.documentId);
      const heads = headsOf(handle);
      if (covers(handle, known, heads)) peer.acknowledge(handle.documentId, heads);
      waiters.settle();
    } catch (error) {
      onInternal(error);
    }
  }

  async function applyInbox(handle: Handle): Promise<void> {
    const subject = `inbox/${handle.documentId}`;
    try {
      await applier.apply(handle);
      waiters.settle();
      if (handle.isReady()) await acknowledgeIfKnown(handle);
      problems.resolve(subject);
    } catch (error) {
      const { code, message } = toErrorData(error);
      const key = handle.documentId;
      if (code === "superseded") stop();
      if (isClosed) return;
      problems.report(subject, new PresyncError(code, message, { key }));
      applyLater(handle.documentId);
    }
  }

  /** A disk that has refused may accept again, and nothing else may happen to the document. */
  function applyLater(id: DocumentId): void {
    if (awaitingDisk.has(id)) return;
    awaitingDisk.add(id);
    timers.after(applyRetryMs, () => {
      awaitingDisk.delete(id);
      const handle = documents.receptive(id);
      if (!isClosed && inbox.has(id) && handle !== undefined) void applyInbox(handle);
    });
  }

  function stop(): void {
    if (isClosed) return;
    closing.reject(new PresyncError("superseded", "a later incarnation has taken over"));
    void close();
    options.superseded?.();
  }

  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    poller.close();
    housekeeping.close();
    waiters.close();
    peer.disconnect();
    // What is under way gets a moment; a disk or a store that hangs must not keep anybody signed in.
    await Promise.race([flushes.close(), pause(timers, farewellMs)]);
    storage.close();
    closing.reject(new PresyncError("closed", "the session was closed"));
  }

  /** The newest generation of a replica's manifest that is read, or written. */
  function knownUpTo(replica: ReplicaId): number {
    if (replica === bucket?.replica) return Math.max(publisher.acknowledged, takenUpTo);
    return readUpTo(records.get(replica).cursor);
  }

  function bucketStatus(hasNews: boolean): Status["bucket"] {
    if (bucket === null) return "off";
    if (!hasNews && !publisher.writing) return "saved";
    if (isPaused || !isOnline) return "waiting";
    const { lastFailure } = flushes;
    if (lastFailure === null) return "saving";
    return noAnswerCodes.has(lastFailure) ? "waiting" : "failing";
  }

  return {
    repo,
    documents,
    problems,
    use(next) {
      bucket = next;
      isPaused = false;
      poller.use(next);
      flushes.use(isCloned ? null : next);
      housekeeping.use(isCloned ? null : next);
      searches.settle();
      changed();
    },
    conditions({ online, visible, hinted = false, watched = false, channels = noChannels }) {
      poller.conditions({ visible, hinted, watched, channels });
      isInView = online && visible;
      checkSilence();
      if (online && !isOnline) {
        poller.hint();
        flushes.hasten();
      }
      isOnline = online;
    },
    async open(id) {
      const handle = await documents.open(id);
      if (inbox.has(id)) await applyInbox(handle);
      return handle;
    },
    peek: (id, look) => peek({ documents, inbox }, id, look),
    async inBucket(id, heads) {
      await frontier.known(id);
      await waiters.wait(id, heads);
    },
    hint(replica, generation = Number.POSITIVE_INFINITY) {
      if (replica === undefined || generation > knownUpTo(replica))
        poller.hint(replica, generation);
    },
    news,
    peers: () => poller.peers(),
    flush: () => flushes.flush(),
    get isBusy() {
      if (flushes.isFlushing || poller.isReading) return true;
      const waits = isPaused || isCloned || !isOnline || flushes.lastFailure !== null;
      return bucket !== null && !waits && publisher.isOutstanding(clock.now());
    },
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
}

/** Whichever object it was about, and whether or not a PUT may have landed: the store does not answer. */
function silence(cause: unknown): PresyncError {
  const { code, message } = toErrorData(cause);
  return new PresyncError(code === "retry" ? code : "unreachable", message, { cause });
}
