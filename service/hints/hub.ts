/**
 * The streams of one instance, and who is told what: a hint goes to those who listen to its namespace, a signal to the
 * stream of one replica. What comes here over the bus was checked where it came in.
 *
 *     report, store event --> bus --> hub of each instance --> streams of that namespace
 *     watching by LIST ----------------^
 */
import type { Hint, HintSettings, Signal } from "../../shared/hints.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import type { CheckedConfig } from "../config.ts";
import { LimitError } from "../limits.ts";
import type { Member } from "../session.ts";
import type { Positioned } from "./backlog.ts";
import { createBacklog, overlapMs } from "./backlog.ts";
import type { BusMessage, HintBus, HintMessage, SignalMessage } from "./bus.ts";
import { eventText, heartbeatText } from "./event-text.ts";
import { createRechecks } from "./rechecks.ts";
import type { HintStream } from "./stream.ts";
import { createHintStream } from "./stream.ts";

/** A person's devices are a dozen. */
const streamsPerUserMax = 40;

/** Two incarnations of a worker overlap; a connection that died is one stream more until that is noticed. */
const streamsPerReplicaMax = 3;

/** A large office behind one address. Whoever signs up again and again holds no more, and has no more watched. */
const streamsPerClientMax = 400;

/** Whoever has so many streams closes one before opening another. */
const fullWaitMs = 30_000;

/** A store that has sent events sends them still, for so long. */
const eventsTrustedMs = 86_400_000;

/** A stream begins anew now and then: for a session that has expired, and so that new instances get their share. */
const streamMsMax = 3_600_000;

const encoder = new TextEncoder();

export interface Listening {
  readonly member: Member;
  readonly replica: ReplicaId;
  /** Who asks, for limits; empty where nobody can tell. */
  readonly client: string;
  /** Where an earlier stream ended; null for a first one. */
  readonly after: number | null;
}

export interface HintHub {
  /**
   * Throws `retry`: as a limit where the user or the client has too many streams, plainly where the instance has, or is cut
   * off from the others. `cut` breaks the connection, where the server lets it.
   */
  listen(listening: Listening, cut: (() => void) | null): HintStream;
  /** Tells everybody whom it concerns, on every instance. */
  announce(hint: Omit<HintMessage, "kind">): Promise<void>;
  /** Tells those who listen here. */
  notice(hint: Omit<HintMessage, "kind">): void;
  /** Sends a few kilobytes to one replica, wherever it listens; nobody knows whether it does. */
  relay(signal: Omit<SignalMessage, "kind">): Promise<void>;
}

export interface HintHubParts {
  readonly config: Pick<CheckedConfig, "now" | "log" | "hints" | "closing">;
  readonly bus: HintBus;
  /** Whether the sign-in is still good. Throws where nobody can tell. */
  readonly isGood: (member: Member) => Promise<boolean>;
  /** Of what was remembered of this user's sign-ins nothing holds any more; of anybody's, where it is null. */
  readonly forget: (namespace: Namespace | null) => void;
  /** The first listener of a namespace is there; the returned function is called when the last has left. */
  readonly watch: (namespace: Namespace) => () => void;
}

interface Listener extends Listening {
  readonly stream: HintStream;
  readonly openedAt: number;
}

interface Room {
  readonly openedAt: number;
  readonly listeners: Set<Listener>;
  readonly unwatch: () => void;
}

export function createHintHub(parts: HintHubParts): HintHub {
  const { config, bus } = parts;
  const { now, log, hints } = config;
  const backlog = createBacklog(now);
  const rooms = new Map<Namespace, Room>();
  const clients = new Map<string, number>();
  const rechecks = createRechecks<Listener>({ now, isGood: parts.isGood });
  let storeSpokeAt = Number.NEGATIVE_INFINITY;
  let count = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const everybody = (): Listener[] =>
    [...rooms.values()].flatMap(({ listeners }) => [...listeners]);

  const settings = (): HintSettings => ({
    heartbeatMs: hints.heartbeatMs,
    // A secret alone does not bring events.
    watched: hints.watchMs > 0 || now() - storeSpokeAt < eventsTrustedMs,
  });

  const countClient = (client: string, more: 1 | -1): void => {
    const streams = (clients.get(client) ?? 0) + more;
    if (streams === 0) clients.delete(client);
    else clients.set(client, streams);
  };

  const leave = (listener: Listener): void => {
    const { namespace } = listener.member;
    const room = rooms.get(namespace);
    if (room?.listeners.delete(listener) !== true) return;
    rechecks.remove(listener);
    countClient(listener.client, -1);
    count--;
    log({ level: "info", event: "hint-stream-ended", namespace, streams: count });
    if (room.listeners.size === 0) {
      rooms.delete(namespace);
      room.unwatch();
    }
    if (count === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };

  const deliver = (hint: HintMessage): void => {
    const position = backlog.add(hint);
    const { namespace, source } = hint;
    if (source === "store") storeSpokeAt = now();
    const listeners = rooms.get(namespace)?.listeners ?? [];
    const bytes = hintBytes(hint, position);
    let streams = 0;
    for (const { stream } of listeners) {
      stream.send(bytes);
      streams++;
    }
    if (streams > 0) log({ level: "info", event: "hints-delivered", source, streams });
  };

  const reset = (): void => {
    backlog.forget();
    const bytes = resetBytes(backlog.position);
    for (const { stream } of everybody()) stream.send(bytes);
  };

  const beat = (): void => {
    const bytes = encoder.encode(heartbeatText(backlog.position));
    for (const listener of everybody()) {
      const { stream, member, openedAt } = listener;
      if (now() >= Math.min(member.expiresAt, openedAt + streamMsMax)) stream.end();
      else stream.send(bytes);
    }
    rechecks.tick();
  };

  const endAll = (): void => {
    for (const { stream } of everybody()) stream.end();
  };

  const receive = (message: BusMessage): void => {
    switch (message.kind) {
      case "hint":
        return deliver(message);
      case "signal": {
        const { namespace, from, to, payload } = message;
        const signal: Signal = { from, payload };
        const bytes = encoder.encode(eventText({ name: "signal", data: signal }));
        for (const { replica, stream } of rooms.get(namespace)?.listeners ?? [])
          if (replica === to) stream.send(bytes);
        return;
      }
      case "ended":
        parts.forget(message.namespace);
        return rechecks.hasten(rooms.get(message.namespace)?.listeners ?? []);
      case "lost":
        // Among what was lost may be the end of a sign-in.
        parts.forget(null);
        rechecks.hastenAll();
        return reset();
      case "down":
        // Whoever listened on would hear of some changes, take that for all, and hardly ask.
        return endAll();
    }
  };

  const unsubscribe = bus.subscribe(receive);
  config.closing?.addEventListener("abort", () => {
    unsubscribe();
    endAll();
  });

  const enter = (listener: Listener): Room => {
    const { namespace } = listener.member;
    let room = rooms.get(namespace);
    if (room === undefined) {
      room = { openedAt: now(), listeners: new Set(), unwatch: parts.watch(namespace) };
      rooms.set(namespace, room);
    }
    room.listeners.add(listener);
    rechecks.add(listener);
    countClient(listener.client, 1);
    count++;
    timer ??= setInterval(beat, hints.heartbeatMs);
    log({ level: "info", event: "hint-stream-opened", namespace, streams: count });
    return room;
  };

  const missedSince = (namespace: Namespace, after: number, { openedAt }: Room): Missed => {
    // While nobody listened nobody has watched, and what was not reported is in no backlog.
    if (hints.watchMs > 0 && after - overlapMs < openedAt) return null;
    return backlog.since(namespace, after);
  };

  const greet = ({ stream, member, after }: Listener, room: Room): void => {
    const { position } = backlog;
    const missed = after === null ? [] : missedSince(member.namespace, after, room);
    // The first event has no position where others follow: cut in between, the client begins where it was.
    const isFirst = after === null;
    const greeting = { name: "settings", data: settings(), ...(isFirst ? { position } : {}) };
    stream.send(encoder.encode(eventText(greeting)));
    if (missed === null) stream.send(resetBytes(position));
    else for (const { position: at, hint } of missed) stream.send(hintBytes(hint, at));
  };

  /** Ends what the same replica has too much of: its oldest stream is the one nobody reads any more. */
  const makeRoom = ({ member, replica }: Listening): void => {
    const own = [...(rooms.get(member.namespace)?.listeners ?? [])].filter(
      (listener) => listener.replica === replica,
    );
    for (const { stream } of own.slice(0, Math.max(0, own.length + 1 - streamsPerReplicaMax)))
      stream.end();
  };

  return {
    listen(listening, cut) {
      const { member, client } = listening;
      if (config.closing?.aborted === true)
        throw new PresyncError("retry", "this instance is about to stop");
      if (bus.isDown === true)
        throw new PresyncError("retry", "this instance does not hear the others now");
      makeRoom(listening);
      if (count >= hints.streamsMax)
        throw new PresyncError("retry", "this instance has as many streams as it takes");
      const ofUser = rooms.get(member.namespace)?.listeners.size ?? 0;
      const ofClient = client === "" ? 0 : (clients.get(client) ?? 0);
      if (ofUser >= streamsPerUserMax || ofClient >= streamsPerClientMax)
        throw new LimitError("hint-streams", fullWaitMs);
      const stream = createHintStream(() => leave(listener), cut);
      const listener = { ...listening, stream, openedAt: now() };
      greet(listener, enter(listener));
      return stream;
    },
    announce: (hint) => bus.publish({ kind: "hint", ...hint }),
    notice: (hint) => deliver({ kind: "hint", ...hint }),
    relay: (signal) => bus.publish({ kind: "signal", ...signal }),
  };
}

/** Null where nobody knows what it was. */
type Missed = readonly Positioned[] | null;

function hintBytes(message: HintMessage, at: number): Uint8Array {
  const { kind: _kind, source: _source, ...about } = message;
  const data: Hint = { ...about, at };
  return encoder.encode(eventText({ name: "hint", data, position: at }));
}

function resetBytes(position: number): Uint8Array {
  return encoder.encode(eventText({ name: "reset", data: {}, position }));
}
