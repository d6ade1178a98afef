import { expect, test } from "vitest";
import type { ToWorker } from "../shared/wire.ts";
import { handOverVersion, wireProtocol } from "../shared/wire.ts";
import { ownMessage } from "./own-messages.ts";

const own: readonly ToWorker[] = [
  {
    type: "hello",
    protocol: wireProtocol,
    build: "0.1.0+abc",
    tab: "tab",
    peerId: "peer",
    service: null,
  },
  { type: "awake" },
  { type: "hand-over", version: handOverVersion, user: "user", changes: [] },
];

test.each(own.map((message) => [message.type, message]))("%s is presync's", (_, message) => {
  expect(ownMessage(message)).toBe(message);
});

test("a hello of another version is presync's too: it is answered that the two do not fit", () => {
  const hello = { type: "hello", protocol: 999, tab: "tab" };
  expect(ownMessage(hello)).toBe(hello);
});

test.each([
  [undefined],
  [null],
  [0],
  ["hello"],
  [[]],
  [{}],
  [{ type: null }],
  [{ type: "hello" }],
  [{ type: "hello", tab: "tab" }],
  [{ type: "hello", protocol: "1", tab: "tab" }],
  [{ type: "hand-over", changes: [] }],
  [{ type: "push" }],
  [{ type: "toString" }],
])("%j is the app's", (message) => {
  expect(ownMessage(message)).toBeNull();
});
