import { expect, test } from "vitest";
import { playwrightFailures, vitestFailures } from "./failures.ts";

test("the failed tests of vitest are named with the first line of their errors, and files that do not load", () => {
  const counts = { numPassedTests: 1, numFailedTests: 1, numPendingTests: 0 };
  const passed = { fullName: "adds", status: "passed", failureMessages: [] };
  const failed = {
    fullName: "subtracts",
    status: "failed",
    failureMessages: ["\u001b[31mError: 1 is not 2\u001b[39m\n    at subtract.test.ts:3"],
  };
  const testResults = [
    { name: "sums.test.ts", status: "failed", message: "", assertionResults: [passed, failed] },
    { name: "lost.test.ts", status: "failed", message: "Cannot find", assertionResults: [] },
    { name: "none.test.ts", status: "passed", message: "", assertionResults: [] },
  ];

  expect(vitestFailures({ ...counts, testResults })).toEqual([
    "subtracts: Error: 1 is not 2",
    "lost.test.ts: Cannot find",
  ]);
});

test("the failed tests of Playwright are named with their places, those within groups and flaky ones too", () => {
  const spec = (title: string, status: string, message?: string) => ({
    title,
    file: "tabs.spec.ts",
    line: 7,
    tests: [{ status, results: [{}, { ...(message !== undefined && { error: { message } }) }] }],
  });
  const group = { specs: [spec("flaky", "flaky", "Timed out\nmore"), spec("good", "expected")] };
  const suites = [{ specs: [spec("skipped", "skipped"), spec("bad", "unexpected")] }, group];

  expect(playwrightFailures({ suites: [{ suites }] })).toEqual([
    "tabs.spec.ts:7 bad: no message",
    "tabs.spec.ts:7 flaky: Timed out",
  ]);
});
