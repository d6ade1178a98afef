/**
 * The channel to one other replica: follows `peer-machine.ts`, and lets nothing through before the other one has proved
 * who it is. A hello must name the connection, and the nonce out of our own signal for it: who plays back somebody
 * else's signals has neither that nonce nor the key of the certificate whose fingerprint stands in the description.
 */
import type { PeerMessage } from "../../shared/codecs/peer-message.ts";
import {
  decodePeerMessage,
  encodePeerMessage,
  messageBytesMax,
} from "../../shared/codecs/peer-message.ts";
import type { FrameJoiner } from "../../shared/codecs/frames.ts";
import { createFrameJoiner, splitIntoFrames } from "../../shared/codecs/frames.ts";
import type { Signal } from "../../shared/codecs/signal.ts";
import { connectionBytes, encodeSignal, peerNonceBytes } from "../../shared/codecs/signal.ts";
import { toErrorData } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ConnectionCommand, ConnectionEvent } from "../../shared/peer-wire.ts";
import { createBackoff } from "../engine/backoff.ts";
import type { World } from "../engine/world.ts";
import type { PeerEffect, PeerEvent, PeerState } from "./peer-machine.ts";
import { nextPeer, stateMsMax } from "./peer-machine.ts";

/** Between attempts; a browser that is gone is not called all day. */
const restMsMax: number = 5 * 60 * 1000;

/** A channel that is lost sooner is one of those that fail. */
const steadyMs = 60_000;

/** Of messages that make no sense, or come before a hello, on one connection. */
const offencesMax = 8;

/** Connections that were open once: an offer of one of these is an old one. */
const usedMax = 64;

/** `too-large`: it will not be sent at any time, and the bucket takes it. */
export type Sent = "sent" | "closed" | "too-large";

export interface PeerLink {
  readonly replica: ReplicaId;
  readonly isOpen: boolean;
  /** Whether signals from the other one are waited for. */
  readonly isSearching: boolean;
  /** Whether anything has been begun. */
  readonly isUnderWay: boolean;
  /** Whether a channel is to be had, and a tab is there to hold it. */
  want(isWanted: boolean): void;
  /** The other one is there, as far as anybody knows: an end to pauses. */
  hasten(): void;
  /** A signal that is vouched for, from that replica to this one. */
  signalled(signal: Signal): void;
  /** Takes it if it is about this link's connection. */
  heard(event: Exclude<ConnectionEvent, { what: "holding" }>): void;
  send(message: PeerMessage): Sent;
  /** The other one is silent, or talks nonsense. */
  fail(): void;
  close(): void;
}

export interface PeerLinkParts {
  readonly world: Pick<World, "timers" | "random">;
  readonly own: ReplicaId;
  readonly replica: ReplicaId;
  readonly perform: (command: ConnectionCommand) => void;
  readonly sendSignal: (bytes: Uint8Array) => Promise<void>;
  readonly opened: () => void;
  /** It was open, and is no longer. */
  readonly lost: () => void;
  readonly message: (message: PeerMessage) => void;
  /** A piece of a message has come, over an open channel. */
  readonly heard: () => void;
  /** Something that was sent got lost on the way out. */
  readonly dropped: () => void;
  /** What the link waits for is another thing now. */
  readonly changed: () => void;
}

interface Attempt {
  readonly connection: Uint8Array;
  readonly id: string;
  readonly nonce: Uint8Array;
  readonly joiner: FrameJoiner;
  offences: number;
}

export function createPeerLink(parts: PeerLinkParts): PeerLink {
  const { world, own, replica, perform } = parts;
  const isCaller = own < replica;
  const backoff = createBackoff(restMsMax);
  const used: string[] = [];
  const recalls = new Set<string>();
  let state: PeerState = "idle";
  let isWanted = false;
  let attempt: Attempt | null = null;
  /** The newest offer, or answer to the present offer. */
  let theirs: Signal | null = null;
  let description = "";
  /** The last channel that was open has not been for long. */
  let isUnsteady = false;
  let cancelTimer: (() => void) | undefined;

  const begin = (connection: Uint8Array): Attempt => {
    const nonce = world.random.bytes(peerNonceBytes);
    const joiner = createFrameJoiner(messageBytesMax);
    attempt = { connection, id: bytesToHex(connection), nonce, joiner, offences: 0 };
    return attempt;
  };

  const post = (message: PeerMessage): void => {
    if (attempt === null) return;
    const frames = splitIntoFrames(encodePeerMessage(message));
    perform({ what: "send", id: attempt.id, frames });
  };

  const effects: Record<PeerEffect, () => void> = {
    offer() {
      const { id } = begin(world.random.bytes(connectionBytes));
      perform({ what: "offer", id });
    },
    answer() {
      const { id } = begin(theirs!.connection);
      perform({ what: "answer", id, sdp: theirs!.sdp });
    },
    signal() {
      const { connection, nonce } = attempt!;
      const kind = isCaller ? "offer" : "answer";
      const present = attempt;
      Promise.resolve()
        .then(() =>
          encodeSignal({ from: own, to: replica, kind, connection, nonce, sdp: description }),
        )
        .then(parts.sendSignal)
        .catch(() => {
          if (attempt === present) dispatch("failed");
        });
    },
    accept: () => perform({ what: "accept", id: attempt!.id, sdp: theirs!.sdp }),
    greet: () =>
      post({
        kind: "hello",
        replica: own,
        connection: attempt!.connection,
        nonce: theirs!.nonce,
      }),
    close() {
      if (attempt !== null) perform({ what: "close", id: attempt.id });
      attempt = null;
    },
  };

  const dispatch = (event: PeerEvent): void => {
    const step = nextPeer(state, event);
    if (step === null) return;
    const wasOpen = state === "open";
    ({ state } = step);
    cancelTimer?.();
    const limitMs = state === "resting" ? backoff.next(world.random.uniform()) : stateMsMax[state];
    if (limitMs !== null) cancelTimer = world.timers.after(limitMs, () => dispatch("timer"));
    for (const effect of step.effects) effects[effect]();
    if (wasOpen) parts.lost();
    if (state === "open") {
      isUnsteady = true;
      cancelTimer = world.timers.after(steadyMs, () => {
        isUnsteady = false;
        backoff.reset();
      });
      recalls.clear();
      used.push(attempt!.id);
      used.splice(0, used.length - usedMax);
      parts.opened();
    }
    if (state === "idle") resume();
    parts.changed();
  };

  /** After a pause: an offer that is still there may be answered again, while its tab may not have seen the answer. */
  const resume = (): void => {
    if (!isWanted || state !== "idle") return;
    if (isCaller) dispatch("wanted");
    else if (theirs !== null && !used.includes(bytesToHex(theirs.connection))) dispatch("offered");
  };

  const offend = (): void => {
    if (attempt === null) return;
    attempt.offences++;
    if (attempt.offences >= offencesMax) dispatch("failed");
  };

  const isHello = (message: PeerMessage, present: Attempt): boolean =>
    message.kind === "hello" &&
    message.replica === replica &&
    bytesToHex(message.connection) === present.id &&
    bytesToHex(message.nonce) === bytesToHex(present.nonce);

  const receive = (frame: Uint8Array, present: Attempt): void => {
    let message: PeerMessage;
    try {
      const whole = present.joiner.push(frame);
      if (whole === null) return state === "open" ? parts.heard() : undefined;
      message = decodePeerMessage(whole);
    } catch (error) {
      // A later build says more than this one understands.
      const isOfLater = toErrorData(error).code === "unsupported-version";
      return state === "open" && isOfLater ? undefined : offend();
    }
    if (state === "open" && message.kind !== "hello") return parts.message(message);
    if (state !== "open" && isHello(message, present)) {
      // It may be here before the tab's word that the channel is open.
      dispatch("opened");
      return dispatch("greeted");
    }
    offend();
  };

  const signalled = (signal: Signal): void => {
    const id = bytesToHex(signal.connection);
    // Of two, the lower one offers: anything else is not from a replica that follows the rules.
    if (used.includes(id) || (signal.kind === "offer") === isCaller) return;
    if (!isCaller) {
      if (theirs !== null && bytesToHex(theirs.connection) === id) return;
      theirs = signal;
      if (isWanted) dispatch("offered");
      return;
    }
    if (attempt?.id === id) {
      if (state !== "calling") return;
      theirs = signal;
      return dispatch("answered");
    }
    // Somebody answers what nobody waits for any more: once, so that an old object in the bucket leads to nothing.
    if (recalls.has(id) || !isWanted) return;
    recalls.add(id);
    dispatch("recalled");
  };

  return {
    replica,
    get isOpen() {
      return state === "open";
    },
    get isSearching() {
      return isWanted && state !== "open" && state !== "greeting";
    },
    get isUnderWay() {
      return state !== "idle" && state !== "resting";
    },
    want(next) {
      if (next === isWanted) return;
      isWanted = next;
      if (next) resume();
      else dispatch("unwanted");
    },
    hasten() {
      // It is there, and what is wrong with its channels is not over.
      if (state !== "resting" || isUnsteady) return;
      backoff.reset();
      dispatch("timer");
    },
    signalled,
    heard(event) {
      if (attempt === null || event.id !== attempt.id) return;
      switch (event.what) {
        case "described":
          description = event.sdp;
          return dispatch("described");
        case "opened":
          return dispatch("opened");
        case "received":
          return receive(event.frame, attempt);
        case "dropped":
          return parts.dropped();
        case "closed":
          dispatch("failed");
      }
    },
    send(message) {
      if (state !== "open") return "closed";
      try {
        post(message);
        return "sent";
      } catch {
        return "too-large";
      }
    },
    fail: () => dispatch("failed"),
    close() {
      isWanted = false;
      dispatch("unwanted");
      cancelTimer?.();
    },
  };
}
