import { expect, test } from "vitest";
import type { ReplicaId } from "../../shared/keys.ts";
import { areHintsLive } from "./live-hints.ts";

const [one, two] = ["browser-00000b", "browser-00000c"] as ReplicaId[] as [ReplicaId, ReplicaId];
const minuteMs = 60_000;
const now = 100 * minuteMs;
const peers = [
  { replica: one, lastChangeAt: now - minuteMs },
  { replica: two, lastChangeAt: now - minuteMs },
];
const base = { service: false, channels: new Set<ReplicaId>(), peers, now };

test("the service's stream alone is enough", () => {
  expect(areHintsLive({ ...base, service: true })).toBe(true);
});

test("channels are enough when they lead to everybody who has changed something lately", () => {
  expect(areHintsLive({ ...base, channels: new Set([one, two]) })).toBe(true);
  expect(areHintsLive({ ...base, channels: new Set([one]) })).toBe(false);
  const silent = [peers[0]!, { replica: two, lastChangeAt: now - 9 * minuteMs }];
  expect(areHintsLive({ ...base, channels: new Set([one]), peers: silent })).toBe(true);
});

test("without a channel polling stays what it is, although nobody has changed anything", () => {
  expect(areHintsLive(base)).toBe(false);
  expect(areHintsLive({ ...base, peers: [] })).toBe(false);
});
