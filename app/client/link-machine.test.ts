import { expect, test } from "vitest";
import type { LinkEvent, LinkState, LinkStep } from "./link-machine.ts";
import { nextLink, startLink } from "./link-machine.ts";

type Name = LinkState["name"];

/** One of each; the rest of what a state carries is tested below. */
const states: { readonly [N in Name]: Extract<LinkState, { name: N }> } = {
  pausing: { name: "pausing", failures: 1, sought: false },
  connecting: { name: "connecting", failures: 0, sought: false },
  connected: { name: "connected" },
  succession: { name: "succession" },
  dormant: { name: "dormant" },
  updating: { name: "updating" },
  outdated: { name: "outdated" },
  closed: { name: "closed" },
};
const events: { readonly [N in LinkEvent["name"]]: Extract<LinkEvent, { name: N }> } = {
  timer: { name: "timer" },
  welcome: { name: "welcome" },
  failed: { name: "failed" },
  mismatch: { name: "mismatch" },
  ended: { name: "ended" },
  settled: { name: "settled", needed: true },
  sought: { name: "sought", found: true },
  again: { name: "again" },
  needed: { name: "needed" },
  changed: { name: "changed" },
  close: { name: "close" },
};

/** What each event leads to in each state: another one, or `-` where it changes nothing. */
const expected: { readonly [S in Name]: { readonly [E in LinkEvent["name"]]: Name | "-" } } = {
  pausing: row({ timer: "connecting", again: "connecting", changed: "connecting" }),
  connecting: row({
    timer: "pausing",
    welcome: "connected",
    failed: "pausing",
    mismatch: "updating",
    again: "connecting",
  }),
  connected: row({ ended: "succession", again: "connecting" }),
  succession: row({ settled: "connecting" }),
  dormant: row({ again: "connecting", needed: "connecting" }),
  updating: row({ sought: "connecting", changed: "connecting" }),
  outdated: row({ changed: "connecting" }),
  closed: row({ close: "-" }),
};

function row(
  changes: Partial<Record<LinkEvent["name"], Name | "-">>,
): Record<LinkEvent["name"], Name | "-"> {
  return {
    timer: "-",
    welcome: "-",
    failed: "-",
    mismatch: "-",
    ended: "-",
    settled: "-",
    sought: "-",
    again: "-",
    needed: "-",
    changed: "-",
    close: "closed",
    ...changes,
  };
}

/** Goes through events and gives the last step. */
function after(from: LinkState, ...through: LinkEvent[]): LinkStep {
  let step: LinkStep = { state: from, effects: [], timerMs: null };
  for (const event of through) step = nextLink(step.state, event) ?? step;
  return step;
}

for (const state of Object.values(states))
  test(`every event while ${state.name}`, () => {
    const found = Object.values(events).map((event) => [
      event.name,
      nextLink(state, event)?.state.name ?? "-",
    ]);
    expect(Object.fromEntries(found)).toEqual(expected[state.name]);
  });

test("the first thing is a hello, with a time by which it is answered", () => {
  expect(startLink()).toEqual({
    state: { name: "connecting", failures: 0, sought: false },
    effects: ["hello"],
    timerMs: 2_000,
  });
});

test("a worker that stays silent is asked again, more and more patiently, and the third time somebody is told", () => {
  let step = startLink();
  const seen: unknown[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    const pausing = after(step.state, { name: "timer" });
    seen.push([step.timerMs, pausing.timerMs, pausing.effects.includes("tell failing")]);
    step = after(pausing.state, { name: "timer" });
  }
  expect(seen).toEqual([
    [2_000, 250, false],
    [4_000, 500, false],
    [8_000, 1_000, true],
    [10_000, 2_000, true],
    [10_000, 4_000, true],
    [10_000, 8_000, true],
    [10_000, 10_000, true],
    [10_000, 10_000, true],
  ]);
});

test("a worker that is needed is started again when it ended, another sleeps on", () => {
  const succession = after(states.connected, { name: "ended" });
  expect(succession.effects).toEqual(["drop", "await successor"]);
  const needed = after(succession.state, { name: "settled", needed: true });
  expect(needed.effects).toEqual(["hello"]);
  const asleep = after(succession.state, { name: "settled", needed: false });
  expect(asleep).toEqual({ state: states.dormant, effects: [], timerMs: null });
  expect(after(asleep.state, { name: "needed" }).effects).toEqual(["hello"]);
});

test("a newer worker is sought once, and then the page is outdated until there is another", () => {
  const seeking = after(states.connecting, { name: "mismatch" });
  expect(seeking.effects).toEqual(["drop", "seek newer"]);
  const outdated = after(seeking.state, { name: "sought", found: false });
  expect(outdated.effects).toEqual(["tell outdated"]);
  const again = after(seeking.state, { name: "sought", found: true }, { name: "mismatch" });
  expect(again).toEqual({
    state: states.outdated,
    effects: ["drop", "tell outdated"],
    timerMs: null,
  });
  expect(after(again.state, { name: "changed" }).effects).toEqual(["hello"]);
});

test("from every state but the last, a worker that answers leads to a connection", () => {
  const names = ["timer", "needed", "again", "changed"] as const;
  const reachesConnection = (state: LinkState, depth: number): boolean => {
    if (state.name === "connected") return true;
    if (depth === 0) return false;
    const next = [
      ...names.map((name): LinkEvent => ({ name })),
      { name: "settled", needed: true } as const,
      { name: "sought", found: true } as const,
      { name: "welcome" } as const,
    ].map((event) => nextLink(state, event));
    return next.some((step) => step !== null && reachesConnection(step.state, depth - 1));
  };
  for (const state of Object.values(states))
    expect([state.name, reachesConnection(state, 3)]).toEqual([
      state.name,
      state.name !== "closed",
    ]);
});
