import { expect, test } from "vitest";
import type { ReplicaId } from "../../shared/keys.ts";
import { areHintsLive } from "./hint-coverage.ts";

const [one, two] = ["browser-00000b", "browser-00000c"] as ReplicaId[] as [ReplicaId, ReplicaId];
const base = { service: false, channels: new Set<ReplicaId>(), active: [one, two] };

test("the service's stream alone is enough", () => {
  expect(areHintsLive({ ...base, service: true })).toBe(true);
});

test("channels are enough when they lead to everybody who may write, however silent", () => {
  expect(areHintsLive({ ...base, channels: new Set([one, two]) })).toBe(true);
  expect(areHintsLive({ ...base, channels: new Set([one]) })).toBe(false);
});

test("without a channel polling stays what it is, although there is nobody else", () => {
  expect(areHintsLive(base)).toBe(false);
  expect(areHintsLive({ ...base, active: [] })).toBe(false);
});
