import { describe, expect, it } from "vitest";
import type { ErrorCode } from "./errors.ts";
import { fromErrorData, PresyncError, toErrorData } from "./errors.ts";

/** Every code, so that a new one is thought about here; true = the same call may succeed later by itself. */
const codes: Readonly<Record<ErrorCode, boolean>> = {
  malformed: false,
  "unsupported-version": false,
  "too-large": false,
  "invalid-argument": false,
  unreachable: true,
  "outcome-unknown": true,
  expired: false,
  denied: false,
  retry: true,
  conflict: false,
  quota: false,
  retired: false,
  "unexpected-answer": false,
  "no-service": false,
  unauthenticated: false,
  unsaved: false,
  "disk-full": false,
  "disk-failed": false,
  superseded: false,
  "clock-drift": false,
  "version-mismatch": false,
  "worker-unavailable": false,
  closed: false,
  internal: false,
};

describe("errors", () => {
  it.each(Object.entries(codes) as [ErrorCode, boolean][])(
    "of code %s say whether to try again: %s",
    (code, retryable) => {
      expect(new PresyncError(code, "why").retryable).toBe(retryable);
    },
  );

  it("survive a trip as plain data", () => {
    for (const options of [{}, { key: "key:a/browser-123456/manifest" }]) {
      const error = new PresyncError("conflict", "why", options);
      const data = JSON.parse(JSON.stringify(toErrorData(error))) as ReturnType<typeof toErrorData>;
      expect(data).toEqual({ code: "conflict", message: "why", ...options });
      const back = fromErrorData(data);
      expect(back).toBeInstanceOf(PresyncError);
      expect(toErrorData(back)).toEqual(data);
    }
  });

  it("keep their cause to themselves", () => {
    const cause = new Error("https://store/key?X-Amz-Signature=1");
    const error = new PresyncError("unreachable", "no answer", { cause });
    expect(error.cause).toBe(cause);
    expect(JSON.stringify(toErrorData(error))).not.toContain("Amz");
    expect("cause" in new PresyncError("unreachable", "no answer")).toBe(false);
  });

  it.each([
    [new TypeError("x is not a function"), "x is not a function"],
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
  ])("that are not ours are internal", (thrown, message) => {
    expect(toErrorData(thrown)).toEqual({ code: "internal", message });
  });
});
