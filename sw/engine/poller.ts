/**
 * The poller: looks at every granted replica's manifest, the own one included, each at its own pace, and puts
 * what is new into the inbox. One timer serves all; what fails backs off alone.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { noAnswerCodes, PresyncError, toErrorData } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { PeerStatus } from "../../shared/status.ts";
import type { Frontier, FrontierMove } from "./frontier.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { Inbox } from "./inbox.ts";
import { unpackDocumentId } from "./packing.ts";
import { pollIntervalMs } from "./poll-interval.ts";
import type { Problems } from "./problems.ts";
import type { Cursor, OpenedManifest } from "./reader.ts";
import { openManifest, readReplica, startCursor } from "./reader.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { Bucket, World } from "./world.ts";

export const cursorPrefix = "cursor/";

/** Ids are assigned in order, so the next ones to appear are the first of the reserved ones. */
const reservedSoon = 2;

/** The own manifest, and reserved ids further off, are looked at as if they had been silent so much longer. */
const farSilenceFactor = 16;

/** A browser opens six connections to a host; some are left for writing. */
const parallelMax = 4;

/** Timers of less than this would only burn the battery. */
const timerMsMin = 50;
const lookAgainMs = 60_000;

/** Less than this is rounding, or a clock being adjusted: no reason to ask at once. */
const clockStepMsMin = 1_000;

export interface Poller {
  /** Every granted replica has answered, or failed, once. */
  readonly complete: boolean;
  use(bucket: Bucket | null): void;
  visible(visible: boolean): void;
  /** Somebody may have changed: ask now. Without a replica, ask all. */
  hint(replica?: ReplicaId): void;
  peers(): PeerStatus[];
  close(): void;
}

export interface PollerParts {
  readonly world: World;
  readonly disk: ReplicaDisk;
  readonly frontier: Frontier;
  readonly inbox: Inbox;
  readonly problems: Problems;
  /** Documents have something new in the inbox. */
  readonly received: (ids: readonly DocumentId[]) => void;
  /**
   * The own manifest, as the bucket has it; null where it is gone or damaged. True when that was looked into, so
   * that the same one need not be shown again.
   */
  readonly sawOwn: (bucket: Bucket, found: OpenedManifest | null) => boolean;
  /** A replica appeared under a reserved id: a new grant would list it, and reserve more. */
  readonly newcomer: () => void;
  /** A later incarnation has taken over. */
  readonly superseded: () => void;
  readonly answered: () => void;
  /** The store did not answer, or asked for patience. */
  readonly noAnswer: (error: unknown) => void;
  /** The own manifest was refused for want of a valid grant. */
  readonly expired: () => void;
  readonly changed: () => void;
}

interface Peer {
  readonly replica: ReplicaId;
  /** Position among the reserved ids, or null. */
  reserved: number | null;
  cursor: Cursor;
  etag: string | undefined;
  lastSeenAt: number;
  /** When something last suggested that it changes: its own change, a hint, a tab shown. */
  livelyAt: number;
  dueAt: number;
  /** How far off `dueAt` was when it was set. */
  intervalMs: number;
  failures: number;
  answered: boolean;
}

export async function createPoller(parts: PollerParts): Promise<Poller> {
  const { world, disk, frontier, inbox, problems } = parts;
  const { clock, timers, random } = world;
  const cursors = new Map<string, Cursor>();
  for (const [key, value] of await disk.list(cursorPrefix))
    cursors.set(key.slice(cursorPrefix.length), value as Cursor);

  let bucket: Bucket | null = null;
  let peers: Peer[] = [];
  let isVisible = true;
  let closed = false;
  let running = false;
  let cancelTimer: (() => void) | undefined;

  const addPeer = (replica: ReplicaId, reserved: number | null): Peer => {
    const known = peers.find((peer) => peer.replica === replica);
    const now = clock.now();
    if (known !== undefined) return Object.assign(known, { reserved });
    return {
      replica,
      reserved,
      cursor: cursors.get(replica) ?? startCursor,
      etag: undefined,
      lastSeenAt: 0,
      livelyAt: now,
      dueAt: now,
      intervalMs: 0,
      failures: 0,
      answered: false,
    };
  };

  /** In how many milliseconds; a clock that was set back in between puts nothing off. */
  const dueInMs = ({ dueAt, intervalMs }: Peer): number => {
    const delayMs = dueAt - clock.now();
    return delayMs > intervalMs + clockStepMsMin ? 0 : delayMs;
  };

  const schedule = (): void => {
    cancelTimer?.();
    if (closed || running || bucket === null || peers.length === 0) return;
    const delayMs = Math.min(...peers.map(dueInMs));
    // Looked at again now and then, because the clock may be set back while the timer runs.
    const bounded = Math.min(Math.max(timerMsMin, delayMs), lookAgainMs);
    cancelTimer = timers.after(bounded, () => void run());
  };

  /** Runs polls until none is due; errors end in `problems`, never here. */
  const run = async (): Promise<void> => {
    if (running || closed) return;
    running = true;
    try {
      for (;;) {
        const due = peers.filter((peer) => dueInMs(peer) <= 0).slice(0, parallelMax);
        if (bucket === null || due.length === 0) break;
        const current = bucket;
        await Promise.all(due.map((peer) => poll(current, peer)));
        if (isClosed()) return;
        parts.changed();
      }
    } finally {
      running = false;
      schedule();
    }
  };
  const isClosed = (): boolean => closed;

  const poll = async (from: Bucket, peer: Peer): Promise<void> => {
    const key = objectKey(from.namespace, peer.replica, manifestName);
    try {
      await readPeer(from, peer);
      peer.failures = 0;
      peer.answered = true;
      problems.resolve(`read/${peer.replica}`);
      parts.answered();
    } catch (error) {
      peer.failures++;
      const { code, message, key: where = key } = toErrorData(error);
      if (code === "superseded") return parts.superseded();
      // Offline nobody has answered: who looks for a document goes on waiting.
      peer.answered ||= !noAnswerCodes.has(code);
      if (noAnswerCodes.has(code)) parts.noAnswer(error);
      else problems.report(`read/${peer.replica}`, new PresyncError(code, message, { key: where }));
      // A refusal of one key is that key's problem, unless the own manifest is refused too.
      if (code === "expired" && peer.replica === from.replica) parts.expired();
      else if (code === "expired") hint(from.replica);
    }
    const now = clock.now();
    const far =
      peer.replica === from.replica || (peer.reserved !== null && peer.reserved >= reservedSoon);
    const silenceMs = (now - peer.livelyAt) * (far ? farSilenceFactor : 1);
    const { failures } = peer;
    const jitter = random.uniform();
    peer.intervalMs = pollIntervalMs({ visible: isVisible, silenceMs, failures, jitter });
    peer.dueAt = now + peer.intervalMs;
  };

  const readPeer = async (from: Bucket, peer: Peer): Promise<void> => {
    if (peer.replica === from.replica) return readOwn(from, peer);
    const result = await readReplica(world, from, peer.replica, peer.cursor, peer.etag);
    if (result.kind === "absent") return;
    const now = clock.now();
    peer.lastSeenAt = now;
    if (result.kind === "unchanged") peer.etag = result.etag;
    if (result.kind !== "news") return;
    const moves: FrontierMove[] = [];
    const batches = result.packs.map((pack) => inbox.toWrite(peer.replica, pack));
    for (const { documents } of result.packs)
      for (const document of documents)
        moves.push({
          id: unpackDocumentId(document.documentId),
          replica: peer.replica,
          heads: document.heads.map((head) => bytesToHex(head)),
        });
    const entries = Object.assign({}, ...batches.map(({ put }) => put)) as Record<string, unknown>;
    const cursorEntry = { [cursorPrefix + peer.replica]: result.cursor };
    await disk.commit({
      put: { ...entries, ...frontier.toPut(moves), ...cursorEntry },
      remove: batches.flatMap(({ remove }) => remove),
    });
    frontier.apply(moves);
    peer.cursor = result.cursor;
    peer.etag = result.problem === null ? result.etag : undefined;
    peer.livelyAt = now;
    cursors.set(peer.replica, result.cursor);
    if (peer.reserved !== null) parts.newcomer();
    const ids = new Set(batches.flatMap((batch) => inbox.accept(batch)));
    if (ids.size > 0) parts.received([...ids]);
    if (result.problem !== null) throw result.problem;
  };

  const readOwn = async (from: Bucket, peer: Peer): Promise<void> => {
    const fetched = await from.get(peer.replica, manifestName, { knownEtag: peer.etag });
    if (fetched === "unchanged") return;
    try {
      const found =
        fetched === null ? null : await openManifest(world, from, peer.replica, fetched.bytes);
      if (parts.sawOwn(from, found)) peer.etag = fetched?.etag;
    } catch (error) {
      // Damaged is as good as gone: it is written again, and the problem ends when it reads well.
      if (toErrorData(error).code === "malformed") parts.sawOwn(from, null);
      throw error;
    }
  };

  const hint = (replica?: ReplicaId): void => {
    const now = clock.now();
    for (const peer of peers)
      if (replica === undefined || peer.replica === replica)
        Object.assign(peer, { livelyAt: now, dueAt: now, failures: 0 });
    schedule();
  };

  return {
    get complete() {
      return peers.every((peer) => peer.answered || peer.reserved !== null);
    },
    use(next) {
      bucket = next;
      if (next === null) peers = [];
      else {
        let reserved = 0;
        const listed = next
          .peers()
          .map((peer) => addPeer(peer.replica, peer.reserved ? reserved++ : null));
        const ownPeer = addPeer(next.replica, null);
        peers = [ownPeer, ...listed];
        for (const peer of peers) if (peer.failures > 0) peer.dueAt = clock.now();
      }
      schedule();
    },
    visible(visible) {
      if (visible && !isVisible) hint();
      isVisible = visible;
    },
    hint,
    peers: () =>
      peers
        .filter((peer) => peer.replica !== bucket?.replica && peer.lastSeenAt > 0)
        .map(({ replica, lastSeenAt, cursor }) => ({
          replica,
          lastSeenAt,
          lastChangeAt: cursor.changedAt,
        })),
    close() {
      closed = true;
      cancelTimer?.();
    },
  };
}
