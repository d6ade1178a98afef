import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReplicaId } from "../keys.ts";
import { codeOf, manifests, segments, tools } from "./arbitraries.ts";
import { ByteReader, ByteWriter, concatBytes } from "./bytes.ts";
import type { EnvelopeTools } from "./envelope.ts";
import {
  bodyBytesMax,
  formatVersion,
  objectBytesMax,
  openEnvelope,
  sealEnvelope,
} from "./envelope.ts";
import type { Manifest, SlotRange } from "./manifest.ts";
import {
  adoptedMax,
  decodeManifest,
  encodeManifest,
  fledFromMax,
  levelsMax,
  lineMax,
  nonceBytes,
  slotsMax,
  tagBytes,
  unreadableMax,
  wantsMax,
} from "./manifest.ts";
import type { Pack, PackedDocument } from "./pack.ts";
import {
  chunksMax,
  documentIdBytes,
  headBytes,
  headsMax,
  packDocumentsMax,
  packPartsMax,
} from "./pack.ts";
import { decodeSegment, encodeSegment } from "./segment.ts";

const replica = "browser-00000a" as ReplicaId;

/** Bytes of a given length that differ by `value`, in the order of the values. */
function numbered(length: number, value: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const document: PackedDocument = {
  documentId: numbered(documentIdBytes, 7),
  whole: true,
  dataVersion: 2,
  heads: [numbered(headBytes, 1), numbered(headBytes, 2)],
  chunks: [new Uint8Array([1, 2, 3])],
};
const tail: Pack = { first: 41, last: 42, documents: [document] };
const slot: SlotRange = { level: 0, slot: 3, first: 1, last: 40, generation: 44, bytes: 900 };
const manifest: Manifest = {
  replica,
  incarnation: 300,
  nonce: new Uint8Array(nonceBytes),
  time: { wallMs: 1_700_000_000_000, counter: 5 },
  dataVersion: 2,
  tail,
  slots: [slot],
  fledFrom: [],
  adopted: [],
  wants: [],
  unreadable: [],
  line: [],
};
const id = (value: number): ReplicaId =>
  `browser-${value.toString(16).padStart(6, "0")}` as ReplicaId;

const withDocument = (changes: Partial<PackedDocument>): Pack => ({
  ...tail,
  documents: [{ ...document, ...changes }],
});
const withSlot = (changes: Partial<SlotRange>): Partial<Manifest> => ({
  slots: [{ ...slot, ...changes }],
});

describe("bytes", () => {
  test("F-5 every integer comes back, and has one spelling", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const out = new ByteWriter();
        out.varint(value);
        const reader = new ByteReader(out.finish());
        expect(reader.varint()).toBe(value);
        reader.end();
      }),
    );
  });

  test.each([
    ["a longer zero", [0x80, 0x00]],
    ["a longer one", [0x81, 0x00]],
    ["2^53", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["eight bytes of ones", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["nine bytes", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["no end", [0xff]],
  ])("F-5 an integer may not be %s", async (_, bytes) => {
    expect(await codeOf(() => new ByteReader(new Uint8Array(bytes)).varint())).toBe("malformed");
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    "F-5 %s is not written",
    async (value) => {
      expect(await codeOf(() => new ByteWriter().varint(value))).toBe("internal");
    },
  );

  test("F-6 a list that claims more items than there are bytes reads none of them", async () => {
    const out = new ByteWriter();
    out.varint(1_000_000);
    const reader = new ByteReader(out.finish());
    let reads = 0;
    expect(await codeOf(() => reader.list(10_000_000, () => reads++))).toBe("malformed");
    expect(reads).toBe(0);
  });
});

describe("manifest and segment", () => {
  test("F-20 what was encoded is decoded", () => {
    fc.assert(
      fc.property(manifests, (value) => {
        expect(decodeManifest(encodeManifest(value))).toEqual(value);
      }),
    );
  });

  test("F-19 what was encoded is decoded", () => {
    fc.assert(
      fc.property(segments, (value) => {
        expect(decodeSegment(encodeSegment(value))).toEqual(value);
      }),
    );
  });

  test("F-26 the order in which something without an order is given makes no difference", () => {
    const slots = [slot, { ...slot, slot: 4, generation: 9 }];
    const wants = [numbered(documentIdBytes, 2), numbered(documentIdBytes, 1)];
    const heads = document.heads.toReversed();
    const other = { ...document, documentId: numbered(documentIdBytes, 1) };
    const given: Manifest = {
      ...manifest,
      slots,
      wants,
      tail: { ...tail, documents: [{ ...document, heads }, other] },
    };
    const canonical: Manifest = {
      ...manifest,
      slots: slots.toReversed(),
      wants: wants.toReversed(),
      tail: { ...tail, documents: [other, document] },
    };
    expect(encodeManifest(given)).toEqual(encodeManifest(canonical));
    expect(decodeManifest(encodeManifest(given))).toEqual(canonical);
  });

  test("F-23 the order of replicas fled from, adopted and found unreadable is kept", () => {
    const fledFrom = [id(3), id(1), id(2)];
    const adopted = fledFrom.map((name, generation) => ({ replica: name, generation }));
    const unreadable = adopted.toReversed();
    const given = { ...manifest, fledFrom, adopted, unreadable };
    expect(decodeManifest(encodeManifest(given))).toEqual(given);
  });

  test("F-23 a replica given twice is listed once, where it stands last", () => {
    const fledFrom = [id(3), id(1), id(2), id(1)];
    const adopted = fledFrom.map((name, generation) => ({ replica: name, generation }));
    const unreadable = adopted.toReversed();
    const decoded = decodeManifest(encodeManifest({ ...manifest, fledFrom, adopted, unreadable }));
    expect(decoded.fledFrom).toEqual([id(3), id(2), id(1)]);
    expect(decoded.adopted.map(({ generation }) => generation)).toEqual([0, 2, 3]);
    expect(decoded.unreadable.map(({ generation }) => generation)).toEqual([2, 1, 0]);
  });

  test("a manifest without news stays small: it is uploaded with every flush", () => {
    const slots = times(40, (index) => ({
      level: index % 4,
      slot: Math.floor(index / 4),
      first: 1_000_000 + index * 100,
      last: 1_000_099 + index * 100,
      generation: 1_200_000 + index * 100,
      bytes: 10 ** (3 + (index % 4)),
    }));
    const bytes = encodeManifest({
      ...manifest,
      replica: "browser-0123456789ab" as ReplicaId,
      incarnation: 10_000,
      time: { wallMs: 2e12, counter: 9 },
      tail: { first: 1_004_000, last: 1_003_999, documents: [] },
      slots,
    });
    expect(bytes.length).toBeLessThan(400);
  });
});

describe("what no reader would take is not written", () => {
  const wanted = numbered(documentIdBytes, 1);
  const tag = new Uint8Array(tagBytes);
  const wrong: Readonly<Record<string, Partial<Manifest>>> = {
    "F-7 a malformed replica id": { replica: "Browser-00000a" as ReplicaId },
    "F-7 a malformed id it fled from": { fledFrom: ["node-/" as ReplicaId] },
    "F-7 a malformed id it found unreadable": {
      unreadable: [{ replica: "node-/" as ReplicaId, generation: 1 }],
    },
    "F-5 a negative generation found unreadable": { unreadable: [{ replica, generation: -1 }] },
    "F-15 publication 0": { tail: { first: 0, last: 1, documents: [] }, slots: [] },
    "F-15 a range that ends before it begins": { tail: { first: 41, last: 39, documents: [] } },
    "F-15 a publication beyond 2^53 - 1": { tail: { ...tail, last: 2 ** 53 } },
    "F-15 documents of no publication": { tail: { ...tail, last: 40 } },
    "F-16 a short document id": { tail: withDocument({ documentId: new Uint8Array(15) }) },
    "F-16 a document twice": { tail: { ...tail, documents: [document, document] } },
    "F-17 a long head": { tail: withDocument({ heads: [new Uint8Array(33)] }) },
    "F-17 a head twice": { tail: withDocument({ heads: times(2, () => numbered(headBytes, 1)) }) },
    "F-18 an empty chunk": { tail: withDocument({ chunks: [new Uint8Array()] }) },
    "F-18 a whole document without a chunk": { tail: withDocument({ chunks: [] }) },
    "F-20 a short nonce": { nonce: new Uint8Array(7) },
    "F-20 a negative incarnation": { incarnation: -1 },
    "F-21 a time that is none": { time: { wallMs: 2 ** 48, counter: 0 } },
    "F-22 a level too high": withSlot({ level: levelsMax }),
    "F-22 a level below 0": withSlot({ level: -1 }),
    "F-22 a slot too high": withSlot({ slot: slotsMax }),
    "F-22 a slot that is no integer": withSlot({ slot: 0.125 }),
    "F-22 a place twice": { slots: [slot, { ...slot, generation: 45 }] },
    "F-22 a generation twice": { slots: [slot, { ...slot, slot: 4 }] },
    "F-22 generation 0": withSlot({ generation: 0 }),
    "F-22 a slot of the tail's publications": withSlot({ last: 41 }),
    "F-22 a slot of publication 0": withSlot({ first: 0 }),
    "F-22 a slot without a publication": withSlot({ first: 40, last: 39 }),
    "F-22 a slot larger than an object": withSlot({ bytes: objectBytesMax + 1 }),
    "F-24 a document wanted twice": { wants: [wanted, wanted] },
    "F-24 a long id of a wanted document": { wants: [new Uint8Array(17)] },
    "F-24 a stretch of generation 0": { line: [{ from: 0, tag }] },
    "F-24 a stretch that begins at no generation": { line: [{ from: 1.5, tag }] },
    "F-24 two stretches from one generation": { line: times(2, () => ({ from: 1, tag })) },
    "F-24 a long tag": { line: [{ from: 1, tag: new Uint8Array(5) }] },
  };
  test.each(Object.entries(wrong))("%s", async (_, changes) => {
    expect(await codeOf(() => encodeManifest({ ...manifest, ...changes }))).toBe("internal");
  });
});

describe("F-25 up to a limit everything is written and read, beyond it nothing is written", () => {
  const limited: Readonly<Record<string, [number, (count: number) => Partial<Manifest>]>> = {
    slots: [
      slotsMax,
      (count) => ({
        slots: times(count, (index) => ({
          ...slot,
          slot: index % slotsMax,
          generation: index + 1,
        })),
      }),
    ],
    "replicas fled from": [fledFromMax, (count) => ({ fledFrom: times(count, id) })],
    "adopted replicas": [
      adoptedMax,
      (count) => ({ adopted: times(count, (index) => ({ replica: id(index), generation: 1 })) }),
    ],
    wants: [
      wantsMax,
      (count) => ({ wants: times(count, (index) => numbered(documentIdBytes, index)) }),
    ],
    "replicas found unreadable": [
      unreadableMax,
      (count) => ({ unreadable: times(count, (index) => ({ replica: id(index), generation: 1 })) }),
    ],
    "stretches of a line": [
      lineMax,
      (count) => ({
        line: times(count, (index) => ({ from: index + 1, tag: numbered(tagBytes, index) })),
      }),
    ],
    "heads of a document": [
      headsMax,
      (count) => ({
        tail: withDocument({ heads: times(count, (index) => numbered(headBytes, index)) }),
      }),
    ],
    "chunks of a document": [
      chunksMax,
      (count) => ({ tail: withDocument({ chunks: times(count, () => new Uint8Array(1)) }) }),
    ],
  };
  test.each(Object.entries(limited))("%s", async (_, [countMax, make]) => {
    const value = { ...manifest, ...make(countMax) };
    expect(decodeManifest(encodeManifest(value))).toEqual(value);
    const tooMany = { ...manifest, ...make(countMax + 1) };
    expect(await codeOf(() => encodeManifest(tooMany))).toBe("too-large");
  });

  /** A segment of documents with some chunks each, written without the checks of the encoder. */
  function unchecked(chunkCounts: readonly number[]): Uint8Array {
    const out = new ByteWriter();
    out.sized(new TextEncoder().encode(replica));
    out.varint(1);
    out.varint(1);
    out.varint(chunkCounts.length);
    for (const [index, count] of chunkCounts.entries()) {
      out.raw(numbered(documentIdBytes, index));
      out.raw(new Uint8Array([0, 0, 0]));
      out.varint(count);
      for (let left = count; left > 0; left--) out.raw(new Uint8Array([1, 9]));
    }
    return out.finish();
  }

  test("documents of a pack", async () => {
    const most = unchecked(times(packDocumentsMax, () => 0));
    expect(encodeSegment(decodeSegment(most)).length).toBe(most.length);
    const tooMany = unchecked(times(packDocumentsMax + 1, () => 0));
    expect(await codeOf(() => decodeSegment(tooMany))).toBe("malformed");
  });

  test("heads and chunks of a pack together, whatever the limits of a document allow", async () => {
    const most = unchecked([...times(6, () => chunksMax), packPartsMax - 6 * chunksMax]);
    const { pack, ...rest } = decodeSegment(most);
    expect(encodeSegment({ ...rest, pack }).length).toBe(most.length);
    const tooMany = unchecked(times(7, () => chunksMax));
    expect(await codeOf(() => decodeSegment(tooMany))).toBe("malformed");
    const added = { ...document, whole: false, documentId: numbered(documentIdBytes, 99) };
    const documents = [...pack.documents, added];
    expect(await codeOf(() => encodeSegment({ replica, pack: { ...pack, documents } }))).toBe(
      "too-large",
    );
  });
});

describe("envelope", () => {
  const body = fc.uint8Array({ maxLength: 2_000 });
  const generations = fc.maxSafeNat().map((value) => Math.max(1, value));

  test("F-9 what was sealed is opened, F-13 compressed where that pays", async () => {
    await fc.assert(
      fc.asyncProperty(body, generations, async (bytes, generation) => {
        const sealed = await sealEnvelope({ kind: "segment", generation, body: bytes }, tools);
        const opened = await openEnvelope(sealed, "segment", tools);
        expect(opened).toEqual({ kind: "segment", generation, body: bytes });
        expect(sealed.length).toBeLessThanOrEqual(bytes.length + 35);
      }),
    );
    const long = new Uint8Array(10_000).fill(5);
    const sealed = await sealEnvelope({ kind: "segment", generation: 1, body: long }, tools);
    expect(sealed.length).toBeLessThan(100);
  });

  test("F-11 any changed byte and any truncation is found", async () => {
    const sealed = await sealEnvelope(
      { kind: "manifest", generation: 77, body: new Uint8Array(300).map((_, at) => at % 11) },
      tools,
    );
    for (let at = 0; at < sealed.length; at++) {
      const damaged = sealed.slice();
      damaged[at]! ^= 0x10;
      const code = await codeOf(() => openEnvelope(damaged, "manifest", tools));
      expect(code).toBe("malformed");
      const cut = sealed.slice(0, at);
      expect(await codeOf(() => openEnvelope(cut, "manifest", tools))).toBe("malformed");
    }
  });

  test("F-12 a segment is no manifest, and generations begin at 1", async () => {
    const segment = { kind: "segment", generation: 1, body: new Uint8Array() } as const;
    const sealed = await sealEnvelope(segment, tools);
    expect(await codeOf(() => openEnvelope(sealed, "manifest", tools))).toBe("malformed");
    const unnumbered = { ...segment, generation: 0 };
    expect(await codeOf(() => sealEnvelope(unnumbered, tools))).toBe("internal");
  });

  test("F-29 a later format version is told from damage, whatever follows the hash", async () => {
    const head = new Uint8Array([0x70, 0x73, 0x79, 0x6e, formatVersion + 1, 0xff, 0xff, 1]);
    const rest = new Uint8Array([0xff, 0xff]);
    const hash = (await tools.sha256(concatBytes(head, rest))).subarray(0, 16);
    const later = concatBytes(head, hash, rest);
    expect(await codeOf(() => openEnvelope(later, "segment", tools))).toBe("unsupported-version");
    const damaged = concatBytes(head, new Uint8Array(16), rest);
    expect(await codeOf(() => openEnvelope(damaged, "segment", tools))).toBe("malformed");
  });

  test("F-27 two spellings of one deflated body open to the same", async () => {
    const segment = { kind: "segment", generation: 1, body: new Uint8Array(5_000) } as const;
    const sealed = await Promise.all(
      [1, 9].map((level) =>
        sealEnvelope(segment, {
          ...tools,
          deflate: async (bytes) => deflateRawSync(bytes, { level, strategy: level === 1 ? 2 : 0 }),
        }),
      ),
    );
    expect(sealed[0]).not.toEqual(sealed[1]);
    for (const bytes of sealed)
      expect(await openEnvelope(bytes, "segment", tools)).toEqual(segment);
  });

  /** Hands out what it likes for compressed. */
  const deflatingTo = (bytes: Uint8Array): EnvelopeTools => ({
    ...tools,
    deflate: async () => bytes,
  });

  test.each([
    ["unpacks to more than the limit", deflateRawSync(new Uint8Array(bodyBytesMax + 1))],
    ["goes on after its end", new Uint8Array([...deflateRawSync(new Uint8Array(999)), 0])],
    ["is not complete", deflateRawSync(new Uint8Array(999)).subarray(0, -1)],
    ["is no DEFLATE", new Uint8Array([0xff, 0xff])],
  ])("F-13 a body that %s is refused", async (_, stored) => {
    const segment = { kind: "segment", generation: 1, body: new Uint8Array(200_000) } as const;
    const sealed = await sealEnvelope(segment, deflatingTo(stored));
    expect(await codeOf(() => openEnvelope(sealed, "segment", tools))).toBe("malformed");
  });

  test("F-14 the largest body there may be is opened again; a larger one is not sealed", async () => {
    const asItIs = deflatingTo(new Uint8Array(bodyBytesMax));
    const largest = new Uint8Array(bodyBytesMax);
    const generation = Number.MAX_SAFE_INTEGER;
    const sealed = await sealEnvelope({ kind: "segment", generation, body: largest }, asItIs);
    expect(sealed.length).toBeLessThanOrEqual(objectBytesMax);
    expect((await openEnvelope(sealed, "segment", tools)).body.length).toBe(bodyBytesMax);

    const larger = { kind: "segment", generation, body: new Uint8Array(bodyBytesMax + 1) } as const;
    expect(await codeOf(() => sealEnvelope(larger, asItIs))).toBe("too-large");
    const object = new Uint8Array(objectBytesMax + 1);
    expect(await codeOf(() => openEnvelope(object, "segment", tools))).toBe("too-large");
  });
});
