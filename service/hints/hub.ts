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
import { createBacklog } from "./backlog.ts";
import type { BusMessage, HintBus, HintMessage, SignalMessage } from "./bus.ts";
import { eventText, heartbeatText } from "./event-text.ts";
import type { HintStream } from "./stream.ts";
import { createHintStream } from "./stream.ts";

/** A person's devices are a dozen, and two incarnations of a worker overlap. */
const streamsPerUserMax = 40;

/** Whoever has so many streams closes one before opening another. */
const fullWaitMs = 30_000;

/**
 * So often an open stream's sign-in is looked up, which costs two requests of the store: for an end that this instance
 * was not told of.
 */
const recheckMs = 300_000;

/** A stream begins anew now and then: for a session that has expired, and so that new instances get their share. */
const streamMsMax = 3_600_000;

const encoder = new TextEncoder();

export interface Listening {
  readonly member: Member;
  readonly replica: ReplicaId;
  /** Where an earlier stream ended; null for a first one. */
  readonly after: number | null;
}

export interface HintHub {
  /** Throws `retry`: as a limit where the user has too many streams, plainly where the instance has. */
  listen(listening: Listening): HintStream;
  /** Tells everybody whom it concerns, on every instance. */
  announce(hint: Omit<HintMessage, "kind">): Promise<void>;
  /** Tells those who listen here. */
  notice(hint: Omit<HintMessage, "kind">): void;
  /** Sends a few kilobytes to one replica, wherever it listens; nobody knows whether it does. */
  relay(signal: Omit<SignalMessage, "kind">): Promise<void>;
  /** Some of the user's sign-ins have ended: streams that live by one of them end, too. */
  signInsEnded(namespace: Namespace): Promise<void>;
}

export interface HintHubParts {
  readonly config: Pick<CheckedConfig, "now" | "log" | "hints" | "closing">;
  readonly bus: HintBus;
  /** Whether the sign-in is still good. Throws where nobody can tell. */
  readonly isGood: (member: Member) => Promise<boolean>;
  /** Of what was remembered of this user's sign-ins nothing holds any more. */
  readonly forget: (namespace: Namespace) => void;
  /** The first listener of a namespace is there; the returned function is called when the last has left. */
  readonly watch: (namespace: Namespace) => () => void;
}

interface Listener extends Listening {
  readonly stream: HintStream;
  readonly openedAt: number;
  checkedAt: number;
}

interface Room {
  readonly listeners: Set<Listener>;
  readonly unwatch: () => void;
}

export function createHintHub(parts: HintHubParts): HintHub {
  const { config, bus } = parts;
  const { now, log, hints } = config;
  const settings: HintSettings = { heartbeatMs: hints.heartbeatMs, watched: hints.isWatched };
  const backlog = createBacklog(now);
  const rooms = new Map<Namespace, Room>();
  let count = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const everybody = (): Listener[] =>
    [...rooms.values()].flatMap(({ listeners }) => [...listeners]);

  const leave = (listener: Listener): void => {
    const { namespace } = listener.member;
    const room = rooms.get(namespace);
    if (room?.listeners.delete(listener) !== true) return;
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

  const check = async (listener: Listener): Promise<void> => {
    listener.checkedAt = now();
    try {
      if (!(await parts.isGood(listener.member))) listener.stream.end();
    } catch {
      // Nobody can tell now. The next look will, and until then a hint says little.
    }
  };

  const beat = (): void => {
    const bytes = encoder.encode(heartbeatText(backlog.position));
    for (const listener of everybody()) {
      const { stream, member, openedAt, checkedAt } = listener;
      if (now() >= Math.min(member.expiresAt, openedAt + streamMsMax)) stream.end();
      else stream.send(bytes);
      if (now() - checkedAt >= recheckMs) void check(listener);
    }
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
        for (const listener of rooms.get(message.namespace)?.listeners ?? []) void check(listener);
        return;
      case "lost":
        reset();
    }
  };

  const unsubscribe = bus.subscribe(receive);
  config.closing?.addEventListener("abort", () => {
    unsubscribe();
    for (const { stream } of everybody()) stream.end();
  });

  const enter = (listener: Listener): void => {
    const { namespace } = listener.member;
    let room = rooms.get(namespace);
    if (room === undefined) {
      room = { listeners: new Set(), unwatch: parts.watch(namespace) };
      rooms.set(namespace, room);
    }
    room.listeners.add(listener);
    count++;
    timer ??= setInterval(beat, hints.heartbeatMs);
    log({ level: "info", event: "hint-stream-opened", namespace, streams: count });
  };

  const greet = ({ stream, member, after }: Listener): void => {
    const { position } = backlog;
    const missed = after === null ? [] : backlog.since(member.namespace, after);
    // The first event has no position where others follow: cut in between, the client begins where it was.
    const isFirst = after === null;
    const greeting = { name: "settings", data: settings, ...(isFirst ? { position } : {}) };
    stream.send(encoder.encode(eventText(greeting)));
    if (missed === null) stream.send(resetBytes(position));
    else for (const { position: at, hint } of missed) stream.send(hintBytes(hint, at));
  };

  return {
    listen(listening) {
      if (config.closing?.aborted === true || count >= hints.streamsMax)
        throw new PresyncError("retry", "this instance has as many streams as it takes");
      const room = rooms.get(listening.member.namespace);
      if ((room?.listeners.size ?? 0) >= streamsPerUserMax)
        throw new LimitError("hint-streams", fullWaitMs);
      const stream = createHintStream(() => leave(listener));
      const listener = { ...listening, stream, openedAt: now(), checkedAt: now() };
      enter(listener);
      greet(listener);
      return stream;
    },
    announce: (hint) => bus.publish({ kind: "hint", ...hint }),
    notice: (hint) => deliver({ kind: "hint", ...hint }),
    relay: (signal) => bus.publish({ kind: "signal", ...signal }),
    signInsEnded: (namespace) => bus.publish({ kind: "ended", namespace }),
  };
}

function hintBytes(message: HintMessage, at: number): Uint8Array {
  const { kind: _kind, source: _source, ...about } = message;
  const data: Hint = { ...about, at };
  return encoder.encode(eventText({ name: "hint", data, position: at }));
}

function resetBytes(position: number): Uint8Array {
  return encoder.encode(eventText({ name: "reset", data: {}, position }));
}
