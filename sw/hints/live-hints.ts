/**
 * Hints from the service: one stream for the browser, held by the worker while a tab is in view. It counts as live only
 * once something this worker has sent has come back over it; a proxy that keeps what it should pass on never does. From
 * then on polling relaxes; whatever ends that, polling goes on as if there had never been hints.
 *
 *     off --(in view, online, signed in)--> connecting --(a proof came back)--> live
 *      ^                                      ^    |                             |
 *      '----(hidden, offline, closed)---------+----'                             |
 *                                             '--(a report did not come back, or the stream ended
 *                                                 and the next one was not there within seconds)
 */
import { noAnswerCodes, toErrorData } from "../../shared/errors.ts";
import type { Hint, Signal, SignalRequest } from "../../shared/hints.ts";
import type { LogicalTime } from "../../shared/hlc.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Status } from "../../shared/status.ts";
import { createBackoff } from "../engine/backoff.ts";
import type { Clock, Random, Timers } from "../engine/world.ts";
import type { ServiceClient } from "../service-client.ts";
import type { SessionKeeper } from "../session-keeper.ts";
import { followHints } from "./hint-stream.ts";
import { createProof } from "./proof.ts";
import { createReports } from "./reports.ts";

/** Who looks away for a moment does not begin anew. */
const lingerMs = 60_000;

/** A service ends streams now and then, and the next one goes on where the last has ended: no reason to ask everybody. */
const graceMs = 3_000;

/** A service without hints gets them with its next version. */
const absentMs = 3_600_000;

/** Nobody waits for it: polling goes on. */
const pauseMsMax = 60_000;
/** After a refusal, which would be the same at once. */
const refusedPauseMs = 60_000;

export interface LiveHints {
  readonly state: Status["hints"];
  /** Whether the service hears of every change, also of one that nobody reports. */
  readonly isWatched: boolean;
  /** Whether something of ours is on its way to the service. */
  readonly isReporting: boolean;
  conditions(conditions: { readonly online: boolean; readonly visible: boolean }): void;
  /** There is another grant, and maybe the first. */
  granted(): void;
  /** The store has acknowledged a manifest. */
  published(generation: number, hlc: LogicalTime): void;
  /** A message to another replica of this user, which may not be listening. Throws what the service refuses it with. */
  signal(to: ReplicaId, payload: string): Promise<void>;
  /** Messages from other replicas; the returned function ends it. */
  onSignal(listener: (signal: Signal) => void): () => void;
  close(): void;
}

export interface LiveHintsParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly client: Pick<ServiceClient, "stream" | "ask">;
  readonly sessions: SessionKeeper;
  /** This replica's id; null before the first grant. */
  readonly replica: () => ReplicaId | null;
  readonly heard: (hint: Hint) => void;
  /** Hints are missing: anything may have changed. */
  readonly missed: () => void;
  /** `state` or `isWatched` is another one. */
  readonly changed: () => void;
}

export function createLiveHints(parts: LiveHintsParts): LiveHints {
  const { clock, timers, random, client, sessions } = parts;
  const backoff = createBackoff(pauseMsMax);
  const listeners = new Set<(signal: Signal) => void>();
  let seen = { online: false, visible: false };
  let isClosed = false;
  let isLingering = false;
  let absentUntil = Number.NEGATIVE_INFINITY;
  /** Set while there is a stream, or the next one is being waited for; aborted when there is to be none. */
  let running: AbortController | null = null;
  let stream: AbortController | null = null;
  let position: string | null = null;
  let isProven = false;
  let isWatched = false;
  /** Hints may have passed unheard since everything was last looked at. */
  let isGap = true;
  let said: Status["hints"] = "off";
  let cancelLinger: (() => void) | undefined;
  let cancelGrace: (() => void) | null = null;
  let hasten: (() => void) | undefined;

  const isAbsent = (): boolean => {
    const leftMs = absentUntil - clock.now();
    // Longer than it was to be, the clock was set.
    return leftMs > 0 && leftMs <= absentMs;
  };
  const isWanted = (): boolean =>
    !isClosed && seen.online && (seen.visible || isLingering) && parts.replica() !== null;

  const state = (): Status["hints"] =>
    running === null ? "off" : isProven ? "live" : "connecting";

  const tell = (): void => {
    const now = state();
    if (now !== said) {
      said = now;
      parts.changed();
    }
    if (now !== "live" || !isGap) return;
    isGap = false;
    parts.missed();
  };

  const post = async (path: string, body: object): Promise<void> => {
    await client.ask(await sessions.current(), path, body);
  };
  const signal = async (to: ReplicaId, payload: string): Promise<void> => {
    const from = parts.replica();
    if (from !== null) await post("v1/signals", { from, to, payload } satisfies SignalRequest);
  };

  const endGrace = (): void => {
    cancelGrace?.();
    cancelGrace = null;
  };
  const doubt = (): void => {
    endGrace();
    isProven = false;
    isGap = true;
    tell();
  };

  const proof = createProof({
    timers,
    random,
    async send(payload) {
      const own = parts.replica();
      if (own !== null) await signal(own, payload);
    },
    proven() {
      endGrace();
      backoff.reset();
      reports.hasten();
      isProven = true;
      tell();
    },
    doubted: doubt,
    // Another one may have a better way.
    failed: () => stream?.abort(),
  });

  const reports = createReports({
    clock,
    timers,
    send: (report) => post("v1/hints", report),
    taken({ generation }) {
      if (isProven && stream !== null) proof.reported(generation);
    },
  });

  /** Resolves when the stream has ended; throws what opening it throws. */
  const follow = async (own: ReplicaId, ending: AbortController): Promise<void> => {
    const session = await sessions.current();
    const after = position;
    const exists = await followHints({
      timers,
      stopped: ending.signal,
      open: (cut) => client.stream(session, `v1/hints?replica=${own}`, { after, signal: cut }),
      events: {
        settings(settings) {
          const isOther = isWatched !== settings.watched;
          isWatched = settings.watched;
          if (isOther) parts.changed();
          if (after === null) isGap = true;
          proof.begin();
        },
        hint(hint) {
          if (hint.replica !== own) parts.heard(hint);
          else if (hint.generation !== undefined) {
            proof.heard(hint.generation);
            // One that is not ours is a clone's.
            parts.heard(hint);
          }
        },
        reset() {
          isGap = true;
          tell();
        },
        signal({ from, payload }) {
          if (from === own) proof.received(payload);
          else for (const listener of listeners) listener({ from, payload });
        },
        position(id) {
          position = id;
        },
      },
    });
    if (!exists) absentUntil = clock.now() + absentMs;
  };

  /** How long to wait before another stream is opened. */
  const oneStream = async (life: AbortController, own: ReplicaId): Promise<number> => {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    life.signal.addEventListener("abort", end);
    stream = ending;
    let leastMs = 0;
    try {
      await follow(own, ending);
    } catch (error) {
      if (!noAnswerCodes.has(toErrorData(error).code)) leastMs = refusedPauseMs;
    } finally {
      life.signal.removeEventListener("abort", end);
      if (stream === ending) {
        stream = null;
        proof.stop();
        // It began when the last good one ended.
        if (isProven) cancelGrace ??= timers.after(graceMs, doubt);
      }
    }
    return Math.max(leastMs, backoff.next(random.uniform()));
  };

  const run = async (life: AbortController): Promise<void> => {
    life.signal.addEventListener("abort", () => hasten?.());
    for (;;) {
      const own = parts.replica();
      if (own === null || isAbsent()) break;
      const delayMs = await oneStream(life, own);
      if (running !== life) return;
      if (isAbsent()) break;
      await new Promise<void>((resolve) => {
        const cancel = timers.after(delayMs, resolve);
        hasten = () => {
          cancel();
          resolve();
        };
      });
      if (running !== life) return;
    }
    stop();
  };

  const stop = (): void => {
    const stopping = running;
    running = null;
    isProven = false;
    endGrace();
    stopping?.abort();
    tell();
  };

  const consider = (): void => {
    if (!isWanted()) return stop();
    if (running !== null || isAbsent()) return;
    running = new AbortController();
    void run(running);
    tell();
  };

  return {
    get state() {
      return state();
    },
    get isWatched() {
      return isWatched;
    },
    get isReporting() {
      return reports.isUnderWay;
    },
    conditions(next) {
      const isBack = (next.online && !seen.online) || (next.visible && !seen.visible);
      if (seen.visible !== next.visible) {
        cancelLinger?.();
        isLingering = !next.visible;
        if (isLingering)
          cancelLinger = timers.after(lingerMs, () => {
            isLingering = false;
            consider();
          });
      }
      seen = next;
      consider();
      if (isBack) hasten?.();
    },
    granted: consider,
    published(generation, hlc) {
      const replica = parts.replica();
      if (replica !== null && !isAbsent()) reports.published({ replica, generation, hlc });
    },
    signal,
    onSignal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      isClosed = true;
      cancelLinger?.();
      reports.close();
      consider();
    },
  };
}
