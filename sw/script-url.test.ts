import { afterEach, expect, test, vi } from "vitest";
import { scriptUrl } from "./script-url.ts";

const worker = "https://app.example/worker.js";

function inStack(stack: string | undefined): string {
  vi.stubGlobal(
    "Error",
    class {
      readonly stack = stack;
    },
  );
  return scriptUrl(worker);
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  [
    "Chromium",
    "Error: here\n    at a (http://127.0.0.1:4500/lib/presync-sw.js?v=1:2:345)\n    at https://app.example/worker.js:1:1",
    "http://127.0.0.1:4500/lib/presync-sw.js?v=1",
  ],
  [
    "Chromium, outside of any function",
    "Error: here\n    at https://app.example/lib/presync-sw.js:2:345",
    "https://app.example/lib/presync-sw.js",
  ],
  [
    "Firefox",
    "a@https://app.example/lib/presync-sw.js:2:345\n@https://app.example/worker.js:1:1\n",
    "https://app.example/lib/presync-sw.js",
  ],
  [
    "Firefox, of a worker that is started again",
    "a@/lib/presync-sw.js:2:345\n@/lib/presync-sw.js:9:1\n@https://app.example/worker.js:1:1\n",
    "https://app.example/lib/presync-sw.js",
  ],
  [
    "Safari",
    "a@https://app.example/lib/presync-sw.js:2:345\nglobal code@https://app.example/lib/presync-sw.js:9:1",
    "https://app.example/lib/presync-sw.js",
  ],
])("the first script in a stack of %s is the one", (_, stack, expected) => {
  expect(inStack(stack)).toBe(expected);
});

test("where no script is named, the worker's own address is as good as any", () => {
  expect(inStack(undefined)).toBe(worker);
  expect(inStack("Error: here")).toBe(worker);
});
