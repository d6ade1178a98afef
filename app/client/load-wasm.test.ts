import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import { loadWasm } from "./load-wasm.ts";

const url = new URL("https://app.example.com/automerge.wasm");
const file = createRequire(import.meta.url).resolve("@automerge/automerge/automerge.wasm");
const headers = { "content-type": "application/wasm" };

afterEach(() => vi.unstubAllGlobals());

function answering(...answers: readonly (() => Response)[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (_url: URL, { cache }: RequestInit) => {
    asked.push(cache ?? "");
    return answers[asked.length - 1]!();
  });
  return asked;
}

/** As a browser sees a response whose worker was ended. */
function cutOff(bytes: Uint8Array): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.subarray(0, 1000));
    },
    pull(controller) {
      controller.error(new TypeError("the worker was ended"));
    },
  });
  return new Response(body, { headers });
}

test("a file that is no wasm is said to be none, after a second look", async () => {
  const wrong = (): Response => new Response("<!doctype html>", { headers });
  const asked = answering(wrong, wrong);
  await expect(loadWasm(url)).rejects.toMatchObject({ code: "unexpected-answer" });
  expect(asked).toEqual(["default", "reload"]);
});

test("a file that was cut off is fetched again", async () => {
  const bytes = await readFile(file);
  const whole = (): Response => new Response(new Uint8Array(bytes), { headers });
  const asked = answering(() => cutOff(bytes), whole);
  await loadWasm(url);
  expect(asked).toEqual(["default", "reload"]);
});
