/** What replicas tell each other outside of the bucket; damaged bytes are in `fuzz.test.ts`. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReplicaId } from "../keys.ts";
import { codeOf, peerMessages, signals } from "./arbitraries.ts";
import { concatBytes } from "./bytes.ts";
import { createFrameJoiner, splitIntoFrames } from "./frames.ts";
import {
  decodePeerMessage,
  encodePeerMessage,
  ephemeralBytesMax,
  messageBytesMax,
} from "./peer-message.ts";
import {
  decodeSignal,
  decodeSignals,
  encodeSignal,
  encodeSignals,
  sdpBytesMax,
  signalsMax,
} from "./signal.ts";

const replica = "browser-00000a" as ReplicaId;
const numbers = { connection: new Uint8Array(16), nonce: new Uint8Array(16) };
const signal = { from: replica, to: replica, kind: "offer", ...numbers, sdp: "v=0\r\n" } as const;

test("what is written is read", () => {
  fc.assert(
    fc.property(signals, peerMessages, (one, message) => {
      expect(decodeSignal(encodeSignal(one))).toEqual(one);
      expect(decodePeerMessage(encodePeerMessage(message))).toEqual(message);
    }),
  );
});

test("the bytes of a signal and of messages are these", () => {
  const name = "0e62726f777365722d303030303061";
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  expect(hex(encodeSignal(signal))).toBe(`01${name}${name}01${"00".repeat(32)}05763d300d0a`);
  expect(hex(encodePeerMessage({ kind: "hello", replica, ...numbers }))).toBe(
    `0101${name}${"00".repeat(32)}`,
  );
  expect(hex(encodePeerMessage({ kind: "ping", count: 1 }))).toBe("010201");
  expect(hex(encodePeerMessage({ kind: "pong", count: 300 }))).toBe("0103ac02");
  expect(hex(encodePeerMessage({ kind: "hint", generation: 7 }))).toBe("010407");
  expect(hex(encodePeerMessage({ kind: "ephemeral", bytes: new Uint8Array([9]) }))).toBe(
    "01060109",
  );
});

test("limits hold on both sides", async () => {
  expect(await codeOf(() => encodeSignal({ ...signal, sdp: "a".repeat(sdpBytesMax + 1) }))).toBe(
    "too-large",
  );
  const many = Array.from({ length: signalsMax + 1 }, () => encodeSignal(signal));
  expect(await codeOf(() => encodeSignals(many))).toBe("too-large");
  expect(await codeOf(() => decodeSignals(concatBytes(new Uint8Array([33]), ...many)))).toBe(
    "malformed",
  );
  const ephemeral = { kind: "ephemeral", bytes: new Uint8Array(ephemeralBytesMax + 1) } as const;
  expect(await codeOf(() => encodePeerMessage(ephemeral))).toBe("too-large");
  expect(await codeOf(() => decodePeerMessage(new Uint8Array(messageBytesMax + 1)))).toBe(
    "malformed",
  );
});

test("another version is told from damage", async () => {
  const later = encodeSignal(signal);
  later[0] = 2;
  expect(await codeOf(() => decodeSignal(later))).toBe("unsupported-version");
  expect(await codeOf(() => decodePeerMessage(new Uint8Array([2, 2, 0])))).toBe(
    "unsupported-version",
  );
});

test("a description that is not ASCII is no description", async () => {
  expect(await codeOf(() => encodeSignal({ ...signal, sdp: "ü" }))).toBe("internal");
  const bytes = encodeSignal(signal);
  bytes[bytes.length - 1] = 0xfc;
  expect(await codeOf(() => decodeSignal(bytes))).toBe("malformed");
});

describe("frames", () => {
  test("a message of any length comes out as it went in, in frames of 16 kB at most", () => {
    const lengths = fc.oneof(
      fc.nat(200),
      fc.nat(70_000),
      fc.constantFrom(16_382, 16_383, 16_384, 32_766, 32_767),
    );
    fc.assert(
      fc.property(lengths, (length) => {
        const message = Uint8Array.from({ length }, (_, index) => index % 251);
        const frames = splitIntoFrames(message);
        const joiner = createFrameJoiner(messageBytesMax);
        const out = frames.map((frame) => joiner.push(frame));
        expect(frames.every(({ length: bytes }) => bytes <= 16_384)).toBe(true);
        expect(out.slice(0, -1).every((each) => each === null)).toBe(true);
        expect(Buffer.compare(out.at(-1)!, message)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  test("what no sender makes is refused, and the next message is read all the same", async () => {
    const full = new Uint8Array(16_384);
    full[0] = 1;
    for (const wrong of [
      new Uint8Array(),
      new Uint8Array([2, 1]),
      new Uint8Array([1, 1]),
      new Uint8Array(16_385),
    ]) {
      const joiner = createFrameJoiner(messageBytesMax);
      joiner.push(full);
      expect(await codeOf(() => joiner.push(wrong))).toBe("malformed");
      expect(joiner.push(new Uint8Array([0, 7]))).toEqual(new Uint8Array([7]));
    }
  });

  test("no message grows beyond its bound", async () => {
    const joiner = createFrameJoiner(40_000);
    const full = new Uint8Array(16_384);
    full[0] = 1;
    joiner.push(full);
    joiner.push(full);
    expect(await codeOf(() => joiner.push(full))).toBe("malformed");
  });
});
