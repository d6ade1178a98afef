import fc from "fast-check";
import type { Namespace, Status } from "../index.ts";
import { describe, expect, test } from "vitest";
import { badgeOf, pendingWords } from "./badge.ts";

const signedOut: Status = {
  device: "saved",
  bucket: "off",
  pending: { documents: 0, changes: 0, bytes: 0 },
  lastSavedAt: null,
  auth: "none",
  grantExpiresAt: null,
  clockAheadMs: 0,
  user: null,
  network: "online",
  hints: "off",
  peers: [],
  storage: { persisted: false, usage: null, quota: null },
  update: "none",
  problems: [],
};
const signedIn: Status = {
  ...signedOut,
  bucket: "saved",
  auth: "valid",
  user: { namespace: "key:abc" as Namespace, replica: null },
};
const pending = { documents: 1, changes: 3, bytes: 99 };
const problem = (code: Status["problems"][number]["code"]): Pick<Status, "problems"> => ({
  problems: [{ code, since: 0 }],
});

const cases: [string, Partial<Status>, Status, string, string][] = [
  ["signed out", {}, signedOut, "local", "Saved on this device"],
  ["signed out, writing", { device: "saving" }, signedOut, "saving", "Saving…"],
  ["signed out, offline", { network: "offline" }, signedOut, "local", "Saved on this device"],
  ["signed in", {}, signedIn, "saved", "Saved to the cloud"],
  ["at the end of a grant", { auth: "expiring" }, signedIn, "saved", "Saved to the cloud"],
  ["uploading", { bucket: "saving", pending }, signedIn, "saving", "Saving…"],
  ["to the disk first", { device: "saving", bucket: "saved" }, signedIn, "saving", "Saving…"],
  [
    "offline with nothing to send",
    { network: "offline" },
    signedIn,
    "saved",
    "Saved to the cloud, offline now",
  ],
  [
    "offline",
    { network: "offline", bucket: "waiting", pending },
    signedIn,
    "waiting",
    "Offline: 3 changes wait on this device",
  ],
  [
    "offline, before the worker knows",
    { network: "offline", bucket: "saving", pending: { ...pending, changes: 1 } },
    signedIn,
    "waiting",
    "Offline: 1 change waits on this device",
  ],
  [
    "a store that is down",
    { bucket: "waiting", pending },
    signedIn,
    "waiting",
    "The cloud does not answer: 3 changes wait on this device",
  ],
  [
    "a store that refuses",
    { bucket: "failing", pending, ...problem("denied") },
    signedIn,
    "failing",
    "Not in the cloud: the store refuses it",
  ],
  [
    "a store that errs",
    { bucket: "failing", pending },
    signedIn,
    "failing",
    "Not in the cloud: the store fails",
  ],
  [
    "a full disk",
    { device: "failing", ...problem("disk-full") },
    signedIn,
    "failing",
    "Not saved: the disk is full",
  ],
  [
    "a broken disk",
    { device: "failing", ...problem("disk-failed") },
    signedOut,
    "failing",
    "Not saved: this browser’s storage fails",
  ],
  ["a session that ended", { auth: "expired" }, signedIn, "expired", "Sign in again to sync"],
  ["a session that was ended", { auth: "revoked" }, signedIn, "expired", "Sign in again to sync"],
  [
    "an outdated page",
    { update: "required", bucket: "waiting" },
    signedIn,
    "waiting",
    "Saved on this device: update this page",
  ],
  ["an edit on one", { update: "required", device: "saving" }, signedIn, "saving", "Saving…"],
];

test.each(cases)("%s", (_, change, base, state, words) => {
  expect(badgeOf({ ...base, ...change })).toEqual({ state, words });
});

describe("whatever the status", () => {
  const any: fc.Arbitrary<Status> = fc
    .record({
      device: fc.constantFrom("saved" as const, "saving" as const, "failing" as const),
      bucket: fc.constantFrom(
        ...(["saved", "saving", "waiting", "failing", "off"] as const satisfies Status["bucket"][]),
      ),
      auth: fc.constantFrom(
        ...([
          "none",
          "valid",
          "expiring",
          "expired",
          "revoked",
        ] as const satisfies Status["auth"][]),
      ),
      user: fc.constantFrom(null, signedIn.user),
      network: fc.constantFrom("online" as const, "offline" as const),
      update: fc.constantFrom("none" as const, "available" as const, "required" as const),
    })
    .map((parts) => ({ ...signedOut, ...parts }));

  test("green means that disk and store have everything", () => {
    fc.assert(
      fc.property(any, (status) => {
        if (badgeOf(status).state !== "saved") return;
        expect(status).toMatchObject({ device: "saved", bucket: "saved", user: signedIn.user });
        expect(["valid", "expiring"]).toContain(status.auth);
      }),
    );
  });

  test("a failing disk is never passed over", () => {
    fc.assert(
      fc.property(any, (status) => {
        expect(badgeOf({ ...status, device: "failing" }).state).toBe("failing");
      }),
    );
  });
});

test("documents are counted where their changes are not", () => {
  expect(pendingWords({ documents: 2, changes: 0, bytes: 1 }).words).toBe("2 documents");
  expect(pendingWords({ documents: 0, changes: 0, bytes: 0 }).words).toBe("changes");
});
