/**
 * The way to a channel with one other replica, as a pure function. Of two replicas the one with the lower id offers, so
 * they never call each other at the same time.
 *
 *     caller: idle --wanted--> offering --described--> calling --answered--> opening
 *     callee: idle --offered--> answering --described--> opening
 *     both:   opening --opened--> greeting --greeted--> open
 *
 * Whatever fails or takes too long leads to `resting`, and after a pause that grows to `idle`. A new offer says that the
 * other one has begun anew: so does this one.
 */

export type PeerState =
  | "idle"
  | "offering"
  | "calling"
  | "answering"
  | "opening"
  | "greeting"
  | "open"
  | "resting";

export type PeerEvent =
  /** A channel is to be offered. */
  | "wanted"
  /** No channel is wanted any more, or there is no tab that could hold one. */
  | "unwanted"
  /** A new offer has come. */
  | "offered"
  /** The tab has described the connection. */
  | "described"
  /** The answer to our offer has come. */
  | "answered"
  /** An answer to an earlier offer has come: the other one is there, and a pause is over. */
  | "recalled"
  | "opened"
  /** The other one has proved who it is. */
  | "greeted"
  | "failed"
  | "timer";

export type PeerEffect =
  /** Begin a connection, and have it described. */
  | "offer"
  | "answer"
  /** Send our description. */
  | "signal"
  /** Take the other one's. */
  | "accept"
  | "greet"
  /** End the connection, if there is one. */
  | "close";

export interface PeerStep {
  readonly state: PeerState;
  readonly effects: readonly PeerEffect[];
}

/** Gathering candidates takes a second and a half at most. */
const describeMsMax = 8_000;
/** Nothing is lost by waiting: the offer stays good while the tab lives, and is found when the other one comes. */
const callMsMax: number = 10 * 60 * 1000;
/** What an ICE agent tries for; and an answer may lie in the bucket for so long before it is read. */
const openMsMax = 40_000;
const greetMsMax = 8_000;

/** How long each state may last; null where nothing is waited for. `resting` lasts as long as its pause. */
export const stateMsMax: Readonly<Record<Exclude<PeerState, "resting">, number | null>> = {
  idle: null,
  offering: describeMsMax,
  calling: callMsMax,
  answering: describeMsMax,
  opening: openMsMax,
  greeting: greetMsMax,
  open: null,
};

const rest: PeerStep = { state: "resting", effects: ["close"] };
const leave: PeerStep = { state: "idle", effects: ["close"] };
const answerAnew: PeerStep = { state: "answering", effects: ["close", "answer"] };
/** In every state in which something is under way. */
const common = { failed: rest, timer: rest, unwanted: leave, offered: answerAnew } as const;

const steps: Readonly<Record<PeerState, Partial<Record<PeerEvent, PeerStep>>>> = {
  idle: {
    wanted: { state: "offering", effects: ["offer"] },
    offered: { state: "answering", effects: ["answer"] },
  },
  offering: { ...common, described: { state: "calling", effects: ["signal"] } },
  calling: {
    ...common,
    answered: { state: "opening", effects: ["accept"] },
  },
  answering: { ...common, described: { state: "opening", effects: ["signal"] } },
  opening: { ...common, opened: { state: "greeting", effects: ["greet"] } },
  greeting: { ...common, greeted: { state: "open", effects: [] } },
  open: { failed: rest, unwanted: leave, offered: answerAnew },
  resting: {
    timer: { state: "idle", effects: [] },
    unwanted: { state: "idle", effects: [] },
    offered: { state: "answering", effects: ["answer"] },
    recalled: { state: "offering", effects: ["offer"] },
  },
};

/** Null where the event changes nothing. */
export function nextPeer(state: PeerState, event: PeerEvent): PeerStep | null {
  return steps[state][event] ?? null;
}
