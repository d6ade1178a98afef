/**
 * The poller: looks at every granted replica's manifest, the own one included, each at its own pace and all within a
 * budget of requests. What fails backs off alone.
 *
 *     peer: due --(budget)--> being read --> waits for its interval --> due
 *            ^                                       |
 *            '----- hint, tab shown, online again ---'
 */
import { noAnswerCodes, PresyncError, toErrorData } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { PeerSeen } from "../../shared/status.ts";
import { lostAfterMs } from "./missing.ts";
import type { PeerReader } from "./peer-reader.ts";
import type { PeerRecords } from "./peer-records.ts";
import { pollIntervalMs } from "./poll-interval.ts";
import type { Problems } from "./problems.ts";
import type { OpenedManifest } from "./reader.ts";
import { isUnreadable, openManifest, readUpTo } from "./reader.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { BudgetConditions } from "./request-budget.ts";
import { createRequestBudget } from "./request-budget.ts";
import type { Bucket, PeerState, World } from "./world.ts";

/**
 * The replicas that have answered, once all have: from then on an unknown document is one that none of them has. Others
 * are asked first.
 */
export const polledKey = "polled";

/** Ids are assigned in order, so the next ones to appear are the first of the reserved ones. */
const reservedSoon = 2;

/** The own manifest, and reserved ids further off, are looked at as if they had been silent so much longer. */
const farSilenceFactor = 16;

/** A browser opens six connections to a host; some are left for writing. */
const parallelMax = 4;

/** A peer is not read more often than this, however many hints come. */
const hintGapMs = 250;

/** With hints the budget is small: of all that may have changed so many are asked at once whatever is left of it. */
const urgentMax = 20;

/** The timer looks again now and then, because the clock may be set back while it runs. */
const lookAgainMs = 60_000;

/** Less than this is rounding, or a clock being adjusted: no reason to ask at once. */
const clockStepMsMin = 1_000;

export interface PollerConditions {
  readonly visible: boolean;
  readonly hinted: boolean;
  /** Hints tell of every change. */
  readonly watched: boolean;
  /** The replicas that tell of their own changes. */
  readonly channels: ReadonlySet<ReplicaId>;
}

export interface Poller {
  /** Every granted replica has answered, or failed in its own way, once. */
  readonly complete: boolean;
  /** Whether an answer is being waited for. */
  readonly isReading: boolean;
  use(bucket: Bucket | null): void;
  conditions(conditions: PollerConditions): void;
  /** Somebody may have changed: ask now. Without a replica, ask all; with a generation, until that has been read. */
  hint(replica?: ReplicaId, generation?: number): void;
  /** The own manifest in the bucket is a new one: what was seen of it before says nothing. */
  wrote(): void;
  /** Whether all other replicas have been asked since then. */
  askedSince(since: number): boolean;
  peers(): PeerSeen[];
  close(): void;
}

export interface PollerParts {
  readonly world: World;
  readonly disk: ReplicaDisk;
  readonly records: PeerRecords;
  readonly reader: PeerReader;
  readonly problems: Problems;
  /**
   * The own manifest, as the bucket has it; null where it is gone or damaged. True when that was looked into, so
   * that the same one need not be shown again.
   */
  readonly sawOwn: (bucket: Bucket, found: OpenedManifest | null) => boolean;
  /** A replica appeared that the grant does not list as one: a new grant would. */
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
  state: PeerState;
  /** Position among the reserved ids. */
  place: number;
  etag: string | undefined;
  lastSeenAt: number;
  /** When it was last asked and gave some answer. */
  askedAt: number;
  startedAt: number;
  /** When something last suggested that it changes: its own change, a hint, a tab shown. */
  livelyAt: number;
  dueAt: number;
  /** How far off `dueAt` was when it was set. */
  intervalMs: number;
  failures: number;
  /** The last failure was that there was no answer. */
  isSilent: boolean;
  answered: boolean;
  /** A hint says that it has changed: it does not wait for the budget. */
  isUrgent: boolean;
  /** The newest generation that it is said to have. */
  hintedUpTo: number;
  isBeingRead: boolean;
}

export async function createPoller(parts: PollerParts): Promise<Poller> {
  const { world, disk, records, reader, problems } = parts;
  const { clock, timers, random } = world;
  const budget = createRequestBudget();
  let polled = new Set((await disk.read(polledKey)) as readonly ReplicaId[] | undefined);
  let bucket: Bucket | null = null;
  let peers: Peer[] = [];
  let seen: PollerConditions = {
    visible: true,
    hinted: false,
    watched: false,
    channels: new Set(),
  };
  let livelyAt = clock.now();
  let closed = false;
  let cancelTimer: (() => void) | undefined;

  const addPeer = (replica: ReplicaId, state: PeerState, place: number): Peer => {
    const known = peers.find((peer) => peer.replica === replica);
    if (known !== undefined) return Object.assign(known, { state, place });
    const now = clock.now();
    return {
      replica,
      state,
      place,
      etag: undefined,
      lastSeenAt: 0,
      askedAt: 0,
      startedAt: 0,
      livelyAt: now,
      dueAt: now,
      intervalMs: 0,
      failures: 0,
      isSilent: false,
      answered: false,
      isUrgent: false,
      hintedUpTo: 0,
      isBeingRead: false,
    };
  };

  /** In how many milliseconds; a clock that was set back in between puts nothing off. */
  const dueInMs = ({ dueAt, intervalMs }: Peer): number => {
    const delayMs = dueAt - clock.now();
    return delayMs > intervalMs + clockStepMsMin ? 0 : delayMs;
  };

  const budgetConditions = (): BudgetConditions => ({
    ...seen,
    silenceMs: Math.max(0, clock.now() - livelyAt),
  });

  /** Begins to read whoever is due, as far as connections and budget go, and comes back for the rest. */
  const pump = (): void => {
    cancelTimer?.();
    if (closed || bucket === null) return;
    let nextMs = lookAgainMs;
    for (const peer of peers.toSorted((a, b) => a.dueAt - b.dueAt)) {
      if (peer.isBeingRead) continue;
      const delayMs = dueInMs(peer);
      if (delayMs > 0) {
        nextMs = Math.min(nextMs, delayMs);
        continue;
      }
      // Whoever is being read comes back here.
      if (peers.filter(({ isBeingRead }) => isBeingRead).length >= parallelMax) break;
      const isFree = peer.isUrgent || !peer.answered;
      if (isFree || budget.take(clock.now(), budgetConditions())) void poll(bucket, peer);
      else nextMs = Math.min(nextMs, budget.waitMs(clock.now(), budgetConditions()));
    }
    cancelTimer = timers.after(Math.max(1, nextMs), pump);
  };

  const poll = async (from: Bucket, peer: Peer): Promise<void> => {
    peer.isBeingRead = true;
    peer.isUrgent = false;
    peer.startedAt = clock.now();
    try {
      if (peer.replica === from.replica) await readOwn(from, peer);
      else await readPeer(from, peer);
      peer.failures = 0;
      peer.answered = true;
      peer.askedAt = clock.now();
      problems.resolve(`read/${peer.replica}`);
      parts.answered();
    } catch (error) {
      failed(from, peer, error);
    } finally {
      postpone(from, peer);
      await rememberCompletion();
      peer.isBeingRead = false;
      if (!closed) parts.changed();
      pump();
    }
  };

  const failed = (from: Bucket, peer: Peer, error: unknown): void => {
    const {
      code,
      message,
      key = objectKey(from.namespace, peer.replica, manifestName),
    } = toErrorData(error);
    if (code === "superseded") return parts.superseded();
    // Refused under a grant that another one has taken the place of meanwhile: it is asked again with that.
    if (code === "expired" && from !== bucket) {
      Object.assign(peer, { isUrgent: true, hintedUpTo: Number.POSITIVE_INFINITY });
      return;
    }
    peer.failures++;
    const isSilence = noAnswerCodes.has(code);
    peer.isSilent = isSilence;
    // Offline nobody has answered: who looks for a document goes on waiting, unless all were asked before.
    peer.answered ||= !isSilence || polled.has(peer.replica);
    if (isSilence) parts.noAnswer(error);
    else {
      peer.askedAt = clock.now();
      problems.report(`read/${peer.replica}`, new PresyncError(code, message, { key }));
    }
    if (code === "expired") refused(from, peer);
  };

  /** A refusal of one key is that key's problem, unless the own manifest is refused too. */
  const refused = (from: Bucket, peer: Peer): void => {
    if (peer.replica === from.replica) return parts.expired();
    // Asked once for all who were refused; if it fails as well it is asked with growing pauses.
    const own = peers.find(({ replica }) => replica === from.replica);
    if (own?.failures === 0) own.dueAt = clock.now();
  };

  const postpone = (from: Bucket, peer: Peer): void => {
    const now = clock.now();
    const { cursor, missingSince } = records.get(peer.replica);
    // A hint that came while it was being read may be about something later.
    peer.isUrgent &&= readUpTo(cursor) < peer.hintedUpTo;
    if (peer.isUrgent) {
      peer.intervalMs = hintGapMs;
      peer.dueAt = now + hintGapMs;
      return;
    }
    const isFar =
      peer.replica === from.replica || (peer.state === "reserved" && peer.place >= reservedSoon);
    const silenceMs = (now - peer.livelyAt) * (isFar ? farSilenceFactor : 1);
    const { failures } = peer;
    const jitter = random.uniform();
    // Hints tell of manifests; that a damaged object is whole again only looking tells.
    const hinted = failures === 0 && (seen.hinted || seen.channels.has(peer.replica));
    peer.intervalMs = pollIntervalMs({ ...seen, hinted, silenceMs, failures, jitter });
    // The second look at what is missing is not put off for long.
    if (missingSince !== null)
      peer.intervalMs = Math.min(peer.intervalMs, lostAfterMs * (1 + jitter / 10));
    peer.dueAt = now + peer.intervalMs;
  };

  const readPeer = async (from: Bucket, peer: Peer): Promise<void> => {
    const look = await reader.read(from, peer.replica, peer.etag);
    peer.etag = look.etag;
    if (look.isPresent) peer.lastSeenAt = clock.now();
    if (!look.isChanged) return;
    peer.livelyAt = clock.now();
    livelyAt = clock.now();
    if (peer.state === "reserved") parts.newcomer();
  };

  const readOwn = async (from: Bucket, peer: Peer): Promise<void> => {
    const knownEtag = peer.etag;
    const fetched = await from.get(peer.replica, manifestName, { knownEtag });
    if (fetched === "unchanged") return;
    try {
      const found =
        fetched === null ? null : await openManifest(world, from, peer.replica, fetched.bytes);
      if (parts.sawOwn(from, found)) peer.etag = fetched?.etag;
    } catch (error) {
      // Damaged is as good as gone: it is written again, and the problem ends when it reads well.
      if (isUnreadable(error) && error.code !== "unsupported-version") parts.sawOwn(from, null);
      throw error;
    }
  };

  const isComplete = (): boolean =>
    peers.every((peer) => peer.answered || peer.state === "reserved");

  const rememberCompletion = async (): Promise<void> => {
    if (closed || !isComplete()) return;
    const answered = peers.filter((peer) => peer.answered).map(({ replica }) => replica);
    if (answered.every((replica) => polled.has(replica))) return;
    polled = new Set([...polled, ...answered]);
    // Without it the next incarnation asks everybody once more before it says that something does not exist.
    await disk.commit({ put: { [polledKey]: [...polled] } }).catch(() => undefined);
  };

  const hint = (replica?: ReplicaId, generation = Number.POSITIVE_INFINITY): void => {
    const now = clock.now();
    livelyAt = now;
    if (bucket === null) return;
    if (replica !== undefined && !peers.some((peer) => peer.replica === replica))
      return parts.newcomer();
    let urgentLeft = seen.hinted ? urgentMax : 0;
    for (const peer of peers) {
      if (replica !== undefined && peer.replica !== replica) continue;
      const earliestAt = replica === undefined ? now : Math.max(now, peer.startedAt + hintGapMs);
      const dueAt = peer.startedAt > now ? now : earliestAt;
      const isUrgent = peer.isUrgent || replica !== undefined || urgentLeft-- > 0;
      const hintedUpTo = Math.max(peer.isUrgent ? peer.hintedUpTo : 0, generation);
      // What is wrong with the way to the store is not over because somebody has written.
      const failures = replica !== undefined && peer.isSilent ? peer.failures : 0;
      const changed = {
        livelyAt: now,
        dueAt,
        intervalMs: hintGapMs,
        failures,
        isUrgent,
        hintedUpTo,
      };
      Object.assign(peer, changed);
    }
    pump();
  };

  return {
    get complete() {
      return isComplete();
    },
    get isReading() {
      return peers.some(({ isBeingRead }) => isBeingRead);
    },
    use(next) {
      bucket = next;
      if (next === null) peers = [];
      else {
        const own = addPeer(next.replica, "active", 0);
        let place = 0;
        const listed = next
          .peers()
          .map(({ replica, state }) => addPeer(replica, state, state === "reserved" ? place++ : 0));
        peers = [own, ...listed];
        for (const peer of peers) if (peer.failures > 0) peer.dueAt = clock.now();
      }
      pump();
    },
    conditions(next) {
      const isShown = next.visible && !seen.visible;
      // Whoever relied on hints has an hour's pause in places.
      const isLeftAlone = next.visible && seen.hinted && !next.hinted;
      seen = next;
      if (isShown || isLeftAlone) hint();
    },
    hint,
    wrote() {
      // A late PUT may bring an old one back, with the ETag it had.
      for (const peer of peers) if (peer.replica === bucket?.replica) peer.etag = undefined;
    },
    askedSince: (since) =>
      peers.every(
        (peer) =>
          peer.askedAt >= since || peer.state === "reserved" || peer.replica === bucket?.replica,
      ),
    peers: () =>
      peers
        .filter((peer) => peer.replica !== bucket?.replica && peer.lastSeenAt > 0)
        .map(({ replica, lastSeenAt }) => ({
          replica,
          lastSeenAt,
          lastChangeAt: records.get(replica).cursor.changedAt,
        })),
    close() {
      closed = true;
      cancelTimer?.();
    },
  };
}
