import { expect, test } from "vitest";
import type { Status } from "../../shared/status.ts";
import { startingStatus, tabStatus } from "./tab-status.ts";

const said: Status = { ...startingStatus, device: "saved", bucket: "saved" };
const nothing = {
  unacknowledged: 0,
  online: true,
  update: "none",
  failure: null,
  signInProblem: null,
} as const;

test("without anything of its own a tab says what the worker says", () => {
  expect(tabStatus(said, nothing)).toEqual(said);
});

test("what the worker has not acknowledged is saved nowhere", () => {
  const status = tabStatus(said, { ...nothing, unacknowledged: 2 });
  expect(status).toMatchObject({ device: "saving", bucket: "saving", pending: { changes: 2 } });
});

test("a tab that is offline says so, whatever others see", () => {
  expect(tabStatus(said, { ...nothing, online: false }).network).toBe("offline");
});

test("a page that does not understand the worker claims nothing about the bucket", () => {
  const status = tabStatus(said, { ...nothing, update: "required" });
  expect(status).toMatchObject({ device: "saved", bucket: "waiting", update: "required" });
  const signedOut = tabStatus({ ...said, bucket: "off" }, { ...nothing, update: "required" });
  expect(signedOut.bucket).toBe("off");
});

test("where no worker can be started, an edit is not saved, and the reason is named", () => {
  const failure = { code: "disk-failed", since: 1 } as const;
  const idle = tabStatus(said, { ...nothing, failure });
  expect(idle).toMatchObject({ device: "saved", bucket: "waiting", problems: [failure] });
  const edited = tabStatus(said, { ...nothing, failure, unacknowledged: 1 });
  expect(edited).toMatchObject({ device: "failing", bucket: "waiting", problems: [failure] });
});
