import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PresyncError } from "../errors.ts";
import { bytesToHex } from "../hex.ts";
import type { ReplicaId } from "../keys.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { EnvelopeTools } from "./envelope.ts";
import { formatVersion, objectBytesMax, openEnvelope, sealEnvelope } from "./envelope.ts";
import type { Manifest } from "./manifest.ts";
import { decodeManifest, encodeManifest } from "./manifest.ts";
import type { Pack } from "./pack.ts";
import { documentIdBytes, headBytes } from "./pack.ts";
import { decodeSegment, encodeSegment } from "./segment.ts";

const tools: EnvelopeTools = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  deflate: async (bytes) => deflateRawSync(bytes),
  inflate: async (bytes, maxOutputLength) => inflateRawSync(bytes, { maxOutputLength }),
};

const exactly = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const replica = fc.stringMatching(/^(browser|node)-[0-9a-f]{12}$/).map((text) => text as ReplicaId);
const pack: fc.Arbitrary<Pack> = fc
  .record({
    first: fc.integer({ min: 1, max: 2 ** 40 }),
    count: fc.nat(300),
    documents: fc.array(
      fc.record({
        documentId: exactly(documentIdBytes),
        whole: fc.boolean(),
        dataVersion: fc.nat(),
        heads: fc.array(exactly(headBytes), { maxLength: 4 }),
        chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 4 }),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ first, count, documents }) => ({ first, last: first + count - 1, documents }));
const manifest: fc.Arbitrary<Manifest> = fc.record({
  replica,
  incarnation: fc.maxSafeNat(),
  nonce: exactly(8),
  time: fc.record({ wallMs: fc.maxSafeNat(), counter: fc.nat() }),
  dataVersion: fc.nat(),
  slots: fc.array(
    fc
      .record({
        level: fc.nat(255),
        slot: fc.nat(255),
        first: fc.nat(2 ** 30),
        count: fc.nat(2 ** 20),
        generation: fc.maxSafeNat(),
      })
      .map(({ count, ...range }) => ({ ...range, last: range.first + count })),
    { maxLength: 10 },
  ),
  fledFrom: fc.array(replica, { maxLength: 3 }),
  tail: pack,
});

/** What is thrown at a reader: typed, and one of the codes it promises. */
function refusal(error: unknown): string {
  expect(error).toBeInstanceOf(PresyncError);
  return (error as PresyncError).code;
}

describe("bytes", () => {
  test("every integer comes back, and has one spelling", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const out = new ByteWriter();
        out.varint(value);
        const reader = new ByteReader(out.finish());
        expect(reader.varint()).toBe(value);
        reader.end();
      }),
    );
    const longZero = new ByteReader(new Uint8Array([0x80, 0x00]));
    expect(() => longZero.varint()).toThrow(/shortest form/);
  });

  test("a list that claims more items than there are bytes allocates nothing", () => {
    const out = new ByteWriter();
    out.varint(1_000_000);
    const reader = new ByteReader(out.finish());
    expect(() => reader.list(10_000_000, () => 0)).toThrow(PresyncError);
  });
});

describe("manifest and segment", () => {
  test("what was encoded is decoded", () => {
    fc.assert(
      fc.property(manifest, (value) => {
        expect(decodeManifest(encodeManifest(value))).toEqual(value);
      }),
    );
    fc.assert(
      fc.property(replica, pack, (name, value) => {
        const segment = { replica: name, pack: value };
        expect(decodeSegment(encodeSegment(segment))).toEqual(segment);
      }),
    );
  });

  test("any bytes give a value or a typed error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        for (const decode of [decodeManifest, decodeSegment])
          try {
            decode(bytes);
          } catch (error) {
            expect(refusal(error)).toBe("malformed");
          }
      }),
      { numRuns: 2_000 },
    );
  });

  test("one changed byte gives a value or a typed error", () => {
    fc.assert(
      fc.property(manifest, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = encodeManifest(value);
        bytes[at % bytes.length]! ^= flip;
        try {
          decodeManifest(bytes);
        } catch (error) {
          expect(refusal(error)).toBe("malformed");
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("a manifest without news stays small: it is uploaded with every flush", () => {
    const slots = Array.from({ length: 10 }, (_, slot) => ({
      level: 0,
      slot,
      first: 1_000_000 + slot * 100,
      last: 1_000_099 + slot * 100,
      generation: 1_200_000 + slot * 100,
    }));
    const bytes = encodeManifest({
      replica: "browser-0123456789ab" as ReplicaId,
      incarnation: 10_000,
      nonce: new Uint8Array(8),
      time: { wallMs: 2e12, counter: 9 },
      dataVersion: 3,
      slots,
      fledFrom: [],
      tail: { first: 1_001_000, last: 1_000_999, documents: [] },
    });
    expect(bytes.length).toBeLessThan(150);
  });

  test("the encoding is what it was: bytes in buckets outlive builds", () => {
    const documents = [
      {
        documentId: new Uint8Array(documentIdBytes).fill(7),
        whole: true,
        dataVersion: 2,
        heads: [new Uint8Array(headBytes).fill(9)],
        chunks: [new Uint8Array([1, 2, 3]), new Uint8Array([4])],
      },
    ];
    const bytes = encodeManifest({
      replica: "browser-00000a" as ReplicaId,
      incarnation: 300,
      nonce: new Uint8Array(8).fill(1),
      time: { wallMs: 1_700_000_000_000, counter: 5 },
      dataVersion: 2,
      slots: [{ level: 0, slot: 3, first: 1, last: 40, generation: 44 }],
      fledFrom: ["browser-00000b" as ReplicaId],
      tail: { first: 41, last: 42, documents },
    });
    expect(bytesToHex(bytes)).toBe(
      [
        "0e62726f777365722d303030303061", // replica
        "ac020101010101010101", // incarnation, nonce
        "80d095ffbc310502", // time, data version
        "01000301272c", // slots
        "010e62726f777365722d303030303062", // fled from
        `290201${"07".repeat(16)}0102`, // tail: range, count, document id, flags, data version
        `01${"09".repeat(32)}020301`, // heads, chunk sizes
        "01020304", // chunks
      ].join(""),
    );
  });
});

describe("envelope", () => {
  const body = fc.uint8Array({ maxLength: 2_000 });

  test("what was sealed is opened, compressed where that pays", async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.maxSafeNat(), async (bytes, generation) => {
        const sealed = await sealEnvelope({ kind: "segment", generation, body: bytes }, tools);
        const opened = await openEnvelope(sealed, "segment", tools);
        expect(opened).toEqual({ kind: "segment", generation, body: bytes });
        expect(sealed.length).toBeLessThanOrEqual(bytes.length + 40);
      }),
    );
    const long = new Uint8Array(10_000).fill(5);
    const sealed = await sealEnvelope({ kind: "segment", generation: 1, body: long }, tools);
    expect(sealed.length).toBeLessThan(100);
  });

  test("any changed byte and any truncation is found", async () => {
    const sealed = await sealEnvelope(
      { kind: "manifest", generation: 77, body: new Uint8Array(300).map((_, at) => at % 11) },
      tools,
    );
    for (let at = 0; at < sealed.length; at++) {
      const damaged = sealed.slice();
      damaged[at]! ^= 0x10;
      const error = await openEnvelope(damaged, "manifest", tools).catch(
        (thrown: unknown) => thrown,
      );
      expect(["malformed", "unsupported-version"]).toContain(refusal(error));
      const cut = sealed.slice(0, at);
      const cutError = await openEnvelope(cut, "manifest", tools).catch(
        (thrown: unknown) => thrown,
      );
      expect(refusal(cutError)).toBe("malformed");
    }
  });

  test("a later format version is told from damage; a segment is no manifest", async () => {
    const sealed = await sealEnvelope(
      { kind: "segment", generation: 1, body: new Uint8Array() },
      tools,
    );
    await expect(openEnvelope(sealed, "manifest", tools)).rejects.toMatchObject({
      code: "malformed",
    });
    sealed[4] = formatVersion + 1;
    await expect(openEnvelope(sealed, "segment", tools)).rejects.toMatchObject({
      code: "unsupported-version",
    });
  });

  test("a body that unpacks to more than the limit is refused before it is allocated", async () => {
    const bomb: EnvelopeTools = {
      ...tools,
      deflate: async () => deflateRawSync(new Uint8Array(objectBytesMax + 1)),
    };
    const sealed = await sealEnvelope(
      { kind: "segment", generation: 1, body: new Uint8Array(200_000) },
      bomb,
    );
    await expect(openEnvelope(sealed, "segment", tools)).rejects.toMatchObject({
      code: "malformed",
    });
  });
});
