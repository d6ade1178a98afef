/**
 * The other browsers that this one has WebRTC channels to. Over them go hints, what is not in the bucket yet, and what
 * is not kept. Nothing rests on any of it: without a tab that holds connections, without the service, and whatever a
 * peer says or does not say, everything still comes through the bucket.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { PeerMessage } from "../../shared/codecs/peer-message.ts";
import { ephemeralBytesMax } from "../../shared/codecs/peer-message.ts";
import { decodeSignal } from "../../shared/codecs/signal.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ConnectionCommand, ConnectionEvent } from "../../shared/peer-wire.ts";
import type { Changes } from "../../shared/wire.ts";
import type { Engine } from "../engine/engine.ts";
import { silentMsMax } from "../engine/housekeeping.ts";
import type { Bucket, World } from "../engine/world.ts";
import { createArrivals } from "./arrivals.ts";
import { createBucketSignals } from "./bucket-signals.ts";
import { createConnectionHost } from "./connection-host.ts";
import { areHintsLive } from "./hint-coverage.ts";
import { choosePeers, meshPeersMax } from "./mesh.ts";
import type { PeerLink } from "./peer-link.ts";
import { createPeerLink } from "./peer-link.ts";
import { createPublications } from "./publications.ts";
import type { SignalTransport } from "./signal-transport.ts";
import { createSignals } from "./signals.ts";

/** Who has said nothing through so many pings is dead: then polling is what it was. */
const pingIntervalMs = 5_000;
const missedMax = 2;

/** Two browsers may choose differently: who is called answers, within bounds. */
const linksMax: number = meshPeersMax + 4;

/** Who has written nothing for so long is not called; whoever is in view has. */
const activeMs: number = silentMsMax + 24 * 60 * 60 * 1000;

/** Many things change at once. */
const refreshMs = 100;

export type EphemeralListener = (from: ReplicaId, bytes: Uint8Array) => void;

export interface Peers {
  /** The bucket whose other replicas are peers; null while there is no grant. */
  use(bucket: Bucket | null): void;
  /** The service's way for signals, while its stream is open and its heartbeats come; null when that is over. */
  useService(service: SignalTransport | null): void;
  conditions(conditions: { readonly visible: boolean }): void;
  /** A tab has something to say of the connections it holds; `send` reaches it. */
  heard(tab: string, event: ConnectionEvent, send: (command: ConnectionCommand) => void): void;
  /** A tab has ended. */
  left(tab: string): void;
  /** The engine has seen something of the others. */
  refresh(): void;
  /** A document with changes of this device's is on disk. */
  stored(id: DocumentId): void;
  /** A manifest of this generation is in the bucket. */
  wrote(generation: number): void;
  /** Whether a channel to it is open. */
  has(replica: ReplicaId): boolean;
  /** Changes that came into an open document over a channel; returns what ends it. */
  onChanges(listener: (changes: Changes) => void): () => void;
  /** A channel to one more browser is open; returns what ends it. */
  onOpen(listener: () => void): () => void;
  /** Throws `too-large`. Whoever has no channel does not get it. */
  sendEphemeral(bytes: Uint8Array): void;
  onEphemeral(listener: EphemeralListener): () => void;
  close(): void;
}

export interface PeersParts {
  readonly world: World;
  readonly engine: () => Pick<Engine, "hint" | "news" | "peers">;
  /** The user has ended this device's sign-in: it is nobody's peer any more. */
  readonly isRevoked: () => boolean;
  /** Whether somebody tells of every change, so that polling may relax; else whom a channel is open to, who does. */
  readonly hinted: (areLive: boolean, channels: ReadonlySet<ReplicaId>) => void;
  /** What `has` says may have changed. */
  readonly changed: () => void;
}

interface Peer {
  readonly link: PeerLink;
  /** Pings without an answer. */
  missed: number;
}

export function createPeers(parts: PeersParts): Peers {
  const { world, engine } = parts;
  const { timers } = world;
  const peers = new Map<ReplicaId, Peer>();
  const lastChanges = new Map<ReplicaId, number>();
  const changesListeners = new Set<(changes: Changes) => void>();
  const openListeners = new Set<() => void>();
  const ephemeralListeners = new Set<EphemeralListener>();
  const bucketSignals = createBucketSignals({ world });
  const signals = createSignals(bucketSignals, timers);
  let bucket: Bucket | null = null;
  let isVisible = true;
  let isClosed = false;
  let hasService = false;
  let areLive = false;
  let channels: ReadonlySet<ReplicaId> = new Set();
  let cancelRefresh: (() => void) | undefined;
  let cancelPing: (() => void) | undefined;

  const host = createConnectionHost({
    changed() {
      // A new holder knows nothing of the former one's connections.
      for (const { link } of peers.values()) link.want(false);
      refresh();
    },
    event(event) {
      for (const { link } of peers.values()) link.heard(event);
    },
  });

  const publications = createPublications({
    news: {
      take: (id, known) => engine().news.take(id, known),
      outstanding: () => engine().news.outstanding(),
    },
    send: (to, document) => peers.get(to)?.link.send({ kind: "publication", document }) ?? "closed",
  });

  const arrivals = createArrivals({
    world,
    receive: (id, some, shown) => engine().news.receive(id, some, shown),
    shown(changes) {
      for (const listener of changesListeners) listener(changes);
    },
    taken: ({ from, document }) => publications.received(from, document),
  });

  const isGranted = (replica: ReplicaId): boolean =>
    !parts.isRevoked() &&
    bucket?.peers().some((peer) => peer.replica === replica && peer.state === "active") === true;

  const openPeers = (): ReplicaId[] =>
    [...peers.values()].filter(({ link }) => link.isOpen).map(({ link }) => link.replica);

  const broadcast = (message: PeerMessage): void => {
    for (const { link } of peers.values()) link.send(message);
  };

  const add = (own: ReplicaId, replica: ReplicaId): Peer => {
    const link = createPeerLink({
      world,
      own,
      replica,
      perform: (command) => host.perform(command),
      sendSignal: (bytes) => signals.send(replica, bytes),
      opened() {
        peer.missed = 0;
        signals.settled(replica);
        publications.opened(replica);
        // What it wrote before it could say so.
        engine().hint(replica);
        schedulePing();
        changed();
        for (const listener of openListeners) listener();
      },
      lost() {
        publications.forget(replica);
        if (isClosed) return;
        if (bucket === null) return parts.changed();
        // Before it is looked at: from now on that is as it was without a channel.
        changed();
        if (!isGranted(replica)) return;
        // What it did since is in the bucket, if it is anywhere.
        engine().hint(replica);
        bucketSignals.hasten(replica);
      },
      // On a slow line pings wait behind a large message of which the pieces come.
      heard() {
        peer.missed = 0;
      },
      message: (message) => receive(peer, message),
      dropped: () => publications.forget(replica),
      changed: refresh,
    });
    const peer: Peer = { link, missed: 0 };
    peers.set(replica, peer);
    return peer;
  };

  const changed = (): void => {
    tellLive();
    parts.changed();
  };

  const tellLive = (): void => {
    const now = new Set(bucket === null ? [] : openPeers());
    const active = bucket?.peers().filter(({ state }) => state === "active") ?? [];
    const sources = {
      service: hasService,
      channels: now,
      active: active.map(({ replica }) => replica),
    };
    const next = bucket !== null && areHintsLive(sources);
    const isOther = now.size !== channels.size || [...now].some((each) => !channels.has(each));
    if (next === areLive && !isOther) return;
    const wasLive = areLive;
    [areLive, channels] = [next, now];
    parts.hinted(next, now);
    // What was not told of meanwhile is asked for now, and not when the relaxed polling would have come to it.
    if (wasLive && !next) engine().hint();
  };

  const receive = (peer: Peer, message: PeerMessage): void => {
    const { link } = peer;
    peer.missed = 0;
    switch (message.kind) {
      case "hello":
      case "pong":
        return;
      case "ping":
        link.send({ kind: "pong", count: message.count });
        return;
      case "hint":
        return engine().hint(link.replica, message.generation);
      case "ephemeral":
        for (const listener of ephemeralListeners) listener(link.replica, message.bytes);
        return;
      case "publication":
        arrivals.add({ from: link.replica, document: message.document });
    }
  };

  const schedulePing = (): void => {
    cancelPing ??= timers.after(pingIntervalMs, () => {
      cancelPing = undefined;
      for (const peer of peers.values()) {
        if (!peer.link.isOpen) continue;
        peer.missed++;
        if (peer.missed > missedMax) peer.link.fail();
        else peer.link.send({ kind: "ping", count: peer.missed });
      }
      if (openPeers().length > 0) schedulePing();
    });
  };

  const refreshNow = (): void => {
    cancelRefresh = undefined;
    if (isClosed) return;
    if (bucket === null) return tellLive();
    const now = world.clock.now();
    const seen = engine()
      .peers()
      .filter(({ replica, lastChangeAt }) => isGranted(replica) && now - lastChangeAt < activeMs);
    const isPossible = host.isThere && isVisible;
    const chosen = new Set(choosePeers(bucket.replica, seen));
    for (const replica of chosen) {
      const { link } = peers.get(replica) ?? add(bucket.replica, replica);
      // Out of sight nothing is begun, and nothing that works is ended.
      link.want(host.isThere && (isVisible || link.isOpen));
    }
    for (const [replica, { link }] of peers) {
      // Who has called is answered, whether or not it was chosen here.
      if (isGranted(replica) && (chosen.has(replica) || link.isUnderWay)) continue;
      link.close();
      peers.delete(replica);
    }
    for (const { replica, lastChangeAt } of seen) {
      const before = lastChanges.get(replica);
      lastChanges.set(replica, lastChangeAt);
      if (before === lastChangeAt) continue;
      peers.get(replica)?.link.hasten();
      bucketSignals.hasten(replica);
    }
    const searching = [...peers.values()].filter(({ link }) => link.isSearching);
    bucketSignals.watch(isPossible ? searching.map(({ link }) => link.replica) : []);
    tellLive();
  };

  function refresh(): void {
    if (!isClosed) cancelRefresh ??= timers.after(refreshMs, refreshNow);
  }

  signals.subscribe((from, bytes) => {
    const own = bucket?.replica;
    if (own === undefined || !isGranted(from)) return;
    try {
      const signal = decodeSignal(bytes);
      if (signal.from !== from || signal.to !== own) return;
      let peer = peers.get(from);
      if (peer === undefined && peers.size < linksMax) peer = add(own, from);
      if (peer === undefined) return;
      if (host.isThere && isVisible) peer.link.want(true);
      peer.link.signalled(signal);
    } catch {
      // Damaged, or of a later version: not for us.
    }
  });

  const closeAll = (): void => {
    for (const { link } of peers.values()) link.close();
    peers.clear();
  };

  return {
    use(next) {
      const before = bucket;
      bucket = next;
      if (next?.replica !== before?.replica || next?.namespace !== before?.namespace) closeAll();
      bucketSignals.use(next);
      refresh();
    },
    useService(service) {
      signals.useService(service);
      hasService = service !== null;
      tellLive();
    },
    conditions({ visible }) {
      isVisible = visible;
      refresh();
    },
    heard: (tab, event, send) => host.heard(tab, event, send),
    left: (tab) => host.left(tab),
    refresh,
    stored: (id) => publications.stored(id, openPeers()),
    wrote: (generation) => broadcast({ kind: "hint", generation }),
    has: (replica) => peers.get(replica)?.link.isOpen ?? false,
    onChanges(listener) {
      changesListeners.add(listener);
      return () => void changesListeners.delete(listener);
    },
    onOpen(listener) {
      openListeners.add(listener);
      return () => void openListeners.delete(listener);
    },
    sendEphemeral(bytes) {
      if (bytes.length > ephemeralBytesMax)
        throw new PresyncError("too-large", `a message of more than ${ephemeralBytesMax} bytes`);
      broadcast({ kind: "ephemeral", bytes });
    },
    onEphemeral(listener) {
      ephemeralListeners.add(listener);
      return () => void ephemeralListeners.delete(listener);
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      closeAll();
      cancelRefresh?.();
      cancelPing?.();
      arrivals.close();
      signals.close();
      bucketSignals.close();
    },
  };
}
