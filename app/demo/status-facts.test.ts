import { expect, test } from "vitest";
import type { Namespace, ReplicaId, Status } from "../index.ts";
import { deviceName, factsOf, shortName } from "./status-facts.ts";

const now = Date.UTC(2025, 5, 1, 12);
const minuteMs = 60_000;

const status: Status = {
  device: "saved",
  bucket: "waiting",
  pending: { documents: 1, changes: 3, bytes: 1200 },
  lastSavedAt: now - 5 * minuteMs,
  auth: "valid",
  grantExpiresAt: now + 7 * 24 * 60 * minuteMs,
  clockAheadMs: 0,
  user: { namespace: "key:abcdefghij" as Namespace, replica: null },
  network: "offline",
  hints: "off",
  peers: [
    {
      replica: "browser-f8ea0123" as ReplicaId,
      lastSeenAt: now - minuteMs,
      lastChangeAt: now - 120 * minuteMs,
      channel: false,
    },
  ],
  storage: { persisted: false, usage: 1_500_000, quota: 2_000_000_000 },
  update: "none",
  problems: [{ code: "denied", since: now, key: "key:abcdefghij/browser-00112233/seg/0/4" }],
};

const linesOf = (about: Status, term: string): readonly string[] | undefined =>
  factsOf(about, now).find((fact) => fact.term === term)?.lines;

test("a signed-in user's facts", () => {
  expect(linesOf(status, "In the cloud")).toEqual([
    "Not everything is there yet",
    expect.stringMatching(/^Last saved 5 minutes ago \(/),
  ]);
  expect(linesOf(status, "Waiting")).toEqual(["3 changes in 1 document, 1.2 kB"]);
  expect(linesOf(status, "Signed in")?.join()).toMatch(/^As efghij,Can sync until .*in 7 days/);
  expect(linesOf(status, "Other devices")).toEqual([
    "Browser f8ea01: changed 2 hours ago, looked at 1 minute ago",
  ]);
  const connected = { ...status, peers: status.peers.map((peer) => ({ ...peer, channel: true })) };
  expect(linesOf(connected, "Other devices")).toEqual([
    "Browser f8ea01: changed 2 hours ago, looked at 1 minute ago, connected directly",
  ]);
  expect(linesOf(status, "Storage")?.[0]).toBe("1.5 MB used of 2.0 GB");
  expect(factsOf(status, now).at(-1)).toMatchObject({ term: "Problem", code: "denied" });
});

test("whether changes are told of is said to who is signed in", () => {
  expect(linesOf({ ...status, hints: "live" }, "Live")?.[0]).toMatch(/^Told at once/);
  expect(linesOf(status, "Live")?.[0]).toMatch(/^Looks for changes now and then/);
  expect(linesOf({ ...status, user: null }, "Live")).toBeUndefined();
});

test("a clock that is wrong is told, and what is left of the sign-in is not by that clock", () => {
  expect(linesOf(status, "Clock")).toBeUndefined();
  const ahead = { ...status, clockAheadMs: 180 * minuteMs };
  expect(linesOf(ahead, "Clock")).toEqual([
    "This device’s clock is 3 hours ahead. Sync allows for it; please set it right.",
  ]);
  expect(factsOf(ahead, now + 180 * minuteMs).find(({ term }) => term === "Signed in")).toEqual(
    factsOf(status, now).find(({ term }) => term === "Signed in"),
  );
  const behind = { ...status, clockAheadMs: -26 * 60 * minuteMs };
  expect(linesOf(behind, "Clock")?.[0]).toMatch(/ is 1 day behind\./);
});

test("a signed-out user is told that nothing is in the cloud", () => {
  const signedOut: Status = { ...status, user: null, auth: "none", bucket: "off", problems: [] };
  expect(linesOf(signedOut, "In the cloud")?.[0]).toMatch(/^Nothing/);
  expect(linesOf(signedOut, "Signed in")).toBeUndefined();
});

test("names are short", () => {
  expect(deviceName("browser-f8ea0123")).toBe("Browser f8ea01");
  expect(deviceName("node-aabbccdd")).toBe("Program aabbcc");
  expect(shortName("key:abcdefghij")).toBe("efghij");
  expect(shortName("github:583231")).toBe("GitHub 583231");
});
