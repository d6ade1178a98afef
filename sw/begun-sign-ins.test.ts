import { expect, test } from "vitest";
import type { BegunSignIn } from "./begun-sign-ins.ts";
import { begunAt, changingBegun, withBegun } from "./begun-sign-ins.ts";
import type { RegistryState } from "./registry.ts";

const service = "https://sync.example.com";
const empty: RegistryState = { current: "somebody", users: {}, erasing: [] };

function begin(state: RegistryState, ...of: readonly string[]): RegistryState {
  return of.reduce((found, verifier) => withBegun(found, { service, verifier }), state);
}

function verifiers(state: RegistryState): string[] {
  return begunAt(state, service).map(({ verifier }) => verifier);
}

test("the newest comes first, and the oldest of many are given up", () => {
  expect(verifiers(begin(empty, "a", "b"))).toEqual(["b", "a"]);
  expect(verifiers(begin(empty, "a", "b", "c", "d", "e"))).toEqual(["e", "d", "c", "b"]);
});

test("those of another service are none of this one's", () => {
  const state = withBegun(begin(empty, "a"), { service: "https://other.example", verifier: "b" });
  expect(verifiers(state)).toEqual(["a"]);
});

test("what is begun while another one is finished stays", () => {
  const state = begin(empty, "a", "b");
  const finishing: readonly BegunSignIn[] = begunAt(state, service);
  const meanwhile = begin(state, "c");
  expect(verifiers(changingBegun(meanwhile, finishing, () => null))).toEqual(["c"]);
  const tried = changingBegun(meanwhile, finishing, (each) => ({ ...each, tried: "code" }));
  expect(begunAt(tried, service).map((each) => each.tried)).toEqual([undefined, "code", "code"]);
});

test.each([null, { service, verifier: "of an earlier build" }])(
  "what an earlier build has left, %j, keeps nobody from signing in",
  (left) => {
    const state = { ...empty, begun: left } as unknown as RegistryState;
    expect(verifiers(state)).toEqual([]);
    expect(verifiers(begin(state, "a"))).toEqual(["a"]);
    expect(verifiers(changingBegun(state, [], () => null))).toEqual([]);
  },
);
