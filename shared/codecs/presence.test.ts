import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesToHex } from "../hex.ts";
import type { ReplicaId } from "../keys.ts";
import { stateBytesMax } from "../presence.ts";
import { codeOf, presences } from "./arbitraries.ts";
import { concatBytes } from "./bytes.ts";
import type { PresenceMessage } from "./presence.ts";
import { decodePresence, encodePresence, presenceBytesMax } from "./presence.ts";

const message: PresenceMessage = {
  replica: "browser-c0ffee" as ReplicaId,
  tab: new Uint8Array(16).fill(1),
  nonce: new Uint8Array(8).fill(2),
  number: 300,
  documentId: new Uint8Array(16).fill(3),
  news: { kind: "here", state: '{"é":1}' },
};

test("what is decoded is what was encoded", () => {
  fc.assert(
    fc.property(presences, (value) => {
      expect(decodePresence(encodePresence(value))).toEqual(value);
    }),
  );
});

test("the bytes are these: another build must read them", () => {
  const fixed = `${"01".repeat(16)}${"02".repeat(8)}ac02${"03".repeat(16)}`;
  const replica = "0e62726f777365722d633066666565";
  expect(bytesToHex(encodePresence(message))).toBe(`0101${replica}${fixed}087b22c3a9223a317d`);
  const ask = encodePresence({ ...message, news: { kind: "ask" } });
  expect(bytesToHex(ask)).toBe(`0100${replica}${fixed}`);
  const left = encodePresence({ ...message, news: { kind: "left" } });
  expect(bytesToHex(left)).toBe(`0102${replica}${fixed}`);
});

test("the largest state fits, and no larger one", async () => {
  const replica = `browser-${"f".repeat(32)}` as ReplicaId;
  const number = Number.MAX_SAFE_INTEGER;
  const of = (state: string): PresenceMessage => ({
    ...message,
    replica,
    number,
    news: { kind: "here", state },
  });
  const largest = of("é".repeat(stateBytesMax / 2));
  expect(encodePresence(largest).length).toBeLessThanOrEqual(presenceBytesMax);
  expect(decodePresence(encodePresence(largest))).toEqual(largest);
  expect(await codeOf(() => encodePresence(of("x".repeat(stateBytesMax + 1))))).toBe("too-large");
});

test("what it cannot be is refused with its reason", async () => {
  const bytes = encodePresence(message);
  const refused = (damaged: Uint8Array): Promise<string> => codeOf(() => decodePresence(damaged));
  expect(await refused(concatBytes(new Uint8Array([2]), bytes.subarray(1)))).toBe(
    "unsupported-version",
  );
  expect(await refused(new Uint8Array(presenceBytesMax + 1).fill(1))).toBe("too-large");
  expect(await refused(concatBytes(new Uint8Array([1, 3]), bytes.subarray(2)))).toBe("malformed");
  expect(await refused(concatBytes(bytes, new Uint8Array(1)))).toBe("malformed");
  expect(await refused(bytes.subarray(0, -1))).toBe("malformed");
  expect(await refused(new Uint8Array())).toBe("malformed");
  const noText = bytes.slice();
  noText[noText.length - 1] = 0xff;
  expect(await refused(noText)).toBe("malformed");
});
