import { expect, test } from "vitest";
import type { LifeEvent, LifeState } from "./life-machine.ts";
import { nextLife } from "./life-machine.ts";

const expected: Readonly<Record<LifeState, Readonly<Record<LifeEvent, LifeState | null>>>> = {
  idle: row({ visit: "opening", exchange: "exchanging" }),
  opening: row({ opened: "serving", failed: "idle" }),
  serving: row({ exchange: "exchanging", superseded: "idle" }),
  exchanging: row({ opened: "serving", failed: "idle" }),
};

function row(changes: Partial<Record<LifeEvent, LifeState>>): Record<LifeEvent, LifeState | null> {
  return { visit: null, opened: null, failed: null, exchange: null, superseded: null, ...changes };
}

const states = Object.keys(expected) as LifeState[];
const events = Object.keys(expected.idle) as LifeEvent[];

for (const state of states)
  test(`every event while ${state}`, () => {
    const found = events.map((event) => [event, nextLife(state, event)]);
    expect(Object.fromEntries(found)).toEqual(expected[state]);
  });

test("nobody waits for ever: what is being opened ends in serving or in idle", () => {
  for (const state of ["opening", "exchanging"] as const)
    expect([nextLife(state, "opened"), nextLife(state, "failed")]).toEqual(["serving", "idle"]);
});
