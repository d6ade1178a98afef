import { expect, test } from "vitest";
import type { PeerEvent, PeerState } from "./peer-machine.ts";
import { nextPeer, stateMsMax } from "./peer-machine.ts";

type Row = Readonly<Record<PeerEvent, string | null>>;

const nothing: Row = {
  wanted: null,
  unwanted: null,
  offered: null,
  described: null,
  answered: null,
  recalled: null,
  opened: null,
  greeted: null,
  failed: null,
  timer: null,
};
const underWay: Row = {
  ...nothing,
  unwanted: "idle: close",
  offered: "answering: close, answer",
  failed: "resting: close",
  timer: "resting: close",
};

const expected: Readonly<Record<PeerState, Row>> = {
  idle: { ...nothing, wanted: "offering: offer", offered: "answering: answer" },
  offering: { ...underWay, described: "calling: signal" },
  calling: { ...underWay, answered: "opening: accept" },
  answering: { ...underWay, described: "opening: signal" },
  opening: { ...underWay, opened: "greeting: greet" },
  greeting: { ...underWay, greeted: "open:" },
  open: { ...underWay, timer: null },
  resting: {
    ...nothing,
    unwanted: "idle:",
    offered: "answering: answer",
    recalled: "offering: offer",
    timer: "idle:",
  },
};

const states = Object.keys(expected) as PeerState[];
const events = Object.keys(nothing) as PeerEvent[];

for (const state of states)
  test(`every event while ${state}`, () => {
    const found = events.map((event) => {
      const step = nextPeer(state, event);
      return [event, step && `${step.state}: ${step.effects.join(", ")}`.trim()];
    });
    expect(Object.fromEntries(found)).toEqual(expected[state]);
  });

test("whatever is waited for has an end", () => {
  for (const state of states) {
    if (state === "resting" || state === "idle" || state === "open") continue;
    expect(stateMsMax[state]).toBeGreaterThan(0);
    expect(nextPeer(state, "timer")?.state).toBe("resting");
  }
});

test("no connection is left behind: who leaves one closes it, or keeps it", () => {
  const withOne: readonly PeerState[] = [
    "offering",
    "calling",
    "answering",
    "opening",
    "greeting",
    "open",
  ];
  for (const state of withOne)
    for (const event of events) {
      const step = nextPeer(state, event);
      if (step === null || (withOne.includes(step.state) && event !== "offered")) continue;
      expect(step.effects[0]).toBe("close");
    }
});
