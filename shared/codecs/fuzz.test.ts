/**
 * Hostile bytes: valid encodings, damaged in every way that comes to mind. Whatever they are, a reader gives a value
 * or a typed error; a value it gives has no other spelling; and it reads no more than there is.
 *
 * A run takes seconds. For a long one, or to repeat one: `PRESYNC_FUZZ_RUNS=1000000 PRESYNC_FUZZ_SEED=7 npx vitest
 * run shared/codecs/fuzz.test.ts`. The seed is printed, and a failure prints the smallest damage that shows it.
 */
import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorCode } from "../errors.ts";
import { PresyncError } from "../errors.ts";
import {
  codeOf,
  manifests,
  packs,
  peerMessages,
  presences,
  segments,
  signals,
  tools,
} from "./arbitraries.ts";
import { ByteReader, ByteWriter, compareBytes, concatBytes } from "./bytes.ts";
import { openEnvelope, sealEnvelope } from "./envelope.ts";
import type { Manifest } from "./manifest.ts";
import { decodeManifest, encodeManifest } from "./manifest.ts";
import type { Pack } from "./pack.ts";
import { readPack, writePack } from "./pack.ts";
import type { PresenceMessage } from "./presence.ts";
import { decodePresence, encodePresence } from "./presence.ts";
import type { PeerMessage } from "./peer-message.ts";
import { decodePeerMessage, encodePeerMessage } from "./peer-message.ts";
import { decodeSegment, encodeSegment } from "./segment.ts";
import type { Signal } from "./signal.ts";
import { decodeSignal, decodeSignals, encodeSignal, encodeSignals } from "./signal.ts";

const environment = process.env;
const seed = Number(environment["PRESYNC_FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const numRuns = Number(environment["PRESYNC_FUZZ_RUNS"] ?? 3_000);

/** Integers at the edges of what bytes, limits, 32 bits and a double hold. */
const edges = [
  0,
  1,
  64,
  65,
  127,
  128,
  255,
  256,
  257,
  4096,
  4097,
  65_536,
  65_537,
  100_000,
  100_001,
  400_001,
  2 ** 26,
  2 ** 26 + 1,
  2 ** 31,
  2 ** 32,
  2 ** 48 - 1,
  2 ** 48,
  2 ** 53 - 2,
  2 ** 53 - 1,
];
/** What the format has no place for: longer than need be, too large, without an end. */
const noIntegers = [
  [0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
];
const extremeVarints: readonly Uint8Array[] = [
  ...edges.map((value) => {
    const out = new ByteWriter();
    out.varint(value);
    return out.finish();
  }),
  ...noIntegers.map((bytes) => new Uint8Array(bytes)),
];

type Mutation =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "delete"; readonly at: number; readonly count: number }
  | { readonly kind: "duplicate"; readonly at: number; readonly count: number }
  /** From here on, what another encoding has from there on. */
  | { readonly kind: "splice"; readonly at: number; readonly from: number }
  | { readonly kind: "varint"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly at: number };

/** Taken modulo the length: small ones hit the header and the lists' counts. */
const place = fc.oneof(fc.nat(80), fc.nat(100_000));
const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("flip"), at: place, bit: fc.nat(7) }),
    fc.record({
      kind: fc.constant("insert"),
      at: place,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    }),
    fc.record({ kind: fc.constant("delete"), at: place, count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({
      kind: fc.constant("duplicate"),
      at: place,
      count: fc.integer({ min: 1, max: 120 }),
    }),
    fc.record({ kind: fc.constant("splice"), at: place, from: place }),
    fc.record({
      kind: fc.constant("varint"),
      at: place,
      bytes: fc.constantFrom(...extremeVarints),
    }),
    fc.record({ kind: fc.constant("truncate"), at: place }),
  ) satisfies fc.Arbitrary<Mutation>,
  { minLength: 1, maxLength: 4 },
);

function mutate(bytes: Uint8Array, mutation: Mutation, other: Uint8Array): Uint8Array {
  const at = mutation.at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (mutation.kind) {
    case "flip":
      return concatBytes(
        before,
        after.subarray(0, 1).map((byte) => byte ^ (1 << mutation.bit)),
        after.subarray(1),
      );
    case "insert":
      return concatBytes(before, mutation.bytes, after);
    case "delete":
      return concatBytes(before, after.subarray(mutation.count));
    case "duplicate":
      return concatBytes(before, after.subarray(0, mutation.count), after);
    case "splice":
      return concatBytes(before, other.subarray(mutation.from % (other.length + 1)));
    case "varint":
      return concatBytes(before, mutation.bytes, after.subarray(1));
    case "truncate":
      break;
  }
  return before;
}

const mutateAll = (bytes: Uint8Array, all: readonly Mutation[], other: Uint8Array): Uint8Array =>
  all.reduce((damaged, mutation) => mutate(damaged, mutation, other), bytes);

/** How often the reader was asked for bytes: its only loop is over what it was given. */
let reads = 0;
const { byte, raw } = ByteReader.prototype;
beforeAll(() => {
  console.info(`PRESYNC_FUZZ_SEED=${seed} PRESYNC_FUZZ_RUNS=${numRuns}`);
  ByteReader.prototype.byte = function counted(this: ByteReader) {
    reads++;
    return byte.call(this);
  };
  ByteReader.prototype.raw = function counted(this: ByteReader, count) {
    reads++;
    return raw.call(this, count);
  };
});
afterAll(() => {
  Object.assign(ByteReader.prototype, { byte, raw });
});

/** What a reader keeps of its input: how many things, and how many bytes of them. */
interface Kept {
  readonly items: number;
  readonly bytes: number;
}

function keptOf(pack: Pack): Kept {
  const parts = pack.documents.flatMap(({ heads, chunks }) => [...heads, ...chunks]);
  return {
    items: pack.documents.length + parts.length,
    bytes: pack.documents.length * 16 + parts.reduce((sum, part) => sum + part.length, 0),
  };
}

function keptOfManifest(manifest: Manifest): Kept {
  const { tail, slots, fledFrom, adopted, wants, unreadable, line } = manifest;
  const { items, bytes } = keptOf(tail);
  const ids = [...fledFrom, ...[...adopted, ...unreadable].map(({ replica }) => replica)];
  return {
    items: items + slots.length + ids.length + wants.length + line.length,
    bytes: bytes + ids.join("").length + wants.length * 16 + line.length * 4,
  };
}

interface Codec<T> {
  readonly values: fc.Arbitrary<T>;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
  readonly keptOf: (value: T) => Kept;
  /** What it throws besides `malformed`. */
  readonly refusals?: readonly ErrorCode[];
}

const packCodec: Codec<Pack> = {
  values: packs,
  encode(pack) {
    const out = new ByteWriter();
    writePack(out, pack);
    return out.finish();
  },
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const pack = readPack(reader);
    reader.end();
    return pack;
  },
  keptOf,
};
const segmentCodec: Codec<ReturnType<typeof decodeSegment>> = {
  values: segments,
  encode: encodeSegment,
  decode: decodeSegment,
  keptOf: ({ pack }) => keptOf(pack),
};
const manifestCodec: Codec<Manifest> = {
  values: manifests,
  encode: encodeManifest,
  decode: decodeManifest,
  keptOf: keptOfManifest,
};
const presenceCodec: Codec<PresenceMessage> = {
  values: presences,
  encode: encodePresence,
  decode: decodePresence,
  keptOf({ replica, tab, nonce, documentId, news }) {
    const state = news.kind === "here" ? new TextEncoder().encode(news.state).length : 0;
    const fixed = replica.length + tab.length + nonce.length + documentId.length;
    return { items: 1, bytes: fixed + state };
  },
  // It has no envelope that would tell damage from a later version.
  refusals: ["unsupported-version", "too-large"],
};

const signalCodec: Codec<Signal> = {
  values: signals,
  encode: encodeSignal,
  decode: decodeSignal,
  keptOf: ({ from, to, sdp }) => ({ items: 5, bytes: from.length + to.length + 32 + sdp.length }),
  // What travels alone has a version of its own.
  refusals: ["unsupported-version"],
};
const signalsCodec: Codec<readonly Uint8Array[]> = {
  values: fc.array(
    signals.map((signal) => encodeSignal(signal)),
    { maxLength: 4 },
  ),
  encode: encodeSignals,
  decode: decodeSignals,
  keptOf: (all) => ({
    items: all.length,
    bytes: all.reduce((sum, { length }) => sum + length, 0),
  }),
};
const peerMessageCodec: Codec<PeerMessage> = {
  values: peerMessages,
  encode: encodePeerMessage,
  decode: decodePeerMessage,
  keptOf(message) {
    if (message.kind === "publication")
      return keptOf({ first: 1, last: 1, documents: [message.document] });
    if (message.kind === "hello") return { items: 3, bytes: message.replica.length + 32 };
    return { items: 1, bytes: message.kind === "ephemeral" ? message.bytes.length : 0 };
  },
  refusals: ["unsupported-version"],
};

/** The value, or undefined where the bytes are refused as they should be. */
function decoded<T>(codec: Codec<T>, bytes: Uint8Array): T | undefined {
  try {
    return codec.decode(bytes);
  } catch (error) {
    const refusals: readonly ErrorCode[] = ["malformed", ...(codec.refusals ?? [])];
    if (error instanceof PresyncError && refusals.includes(error.code)) return undefined;
    throw new Error("neither a value nor a typed refusal", { cause: error });
  }
}

/** What must hold of any bytes. True where they are an encoding. */
function checkBytes<T>(codec: Codec<T>, bytes: Uint8Array): boolean {
  reads = 0;
  const value = decoded(codec, bytes);
  // Every read but one that fails takes a byte, or follows an integer that says zero.
  if (reads > 2 * bytes.length + 2) throw new Error(`${reads} reads of ${bytes.length} bytes`);
  if (value === undefined) return false;
  const kept = codec.keptOf(value);
  if (kept.items > bytes.length || kept.bytes > bytes.length)
    throw new Error(`${kept.items} items and ${kept.bytes} bytes out of ${bytes.length} bytes`);
  if (compareBytes(codec.encode(value), bytes) !== 0) throw new Error("a second spelling");
  return true;
}

function fuzz<T>(codec: Codec<T>): { accepted: number; refused: number } {
  const counts = { accepted: 0, refused: 0 };
  const encodings = codec.values.map((value) => codec.encode(value));
  fc.assert(
    fc.property(encodings, encodings, mutations, (bytes, other, all) => {
      counts[checkBytes(codec, mutateAll(bytes, all, other)) ? "accepted" : "refused"]++;
    }),
    { seed, numRuns },
  );
  return counts;
}

/** Every byte replaced by every other, every extreme integer in every place, every truncation. */
function exhaust<T>(codec: Codec<T>, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) {
    checkBytes(codec, bytes.subarray(0, at));
    const damaged = bytes.slice();
    for (let value = 0; value < 256; value++) {
      damaged[at] = value;
      checkBytes(codec, damaged);
    }
    for (const varint of extremeVarints) {
      checkBytes(codec, mutate(bytes, { kind: "varint", at, bytes: varint }, bytes));
      checkBytes(codec, mutate(bytes, { kind: "insert", at, bytes: varint }, bytes));
    }
  }
}

describe.each([
  ["pack", packCodec as Codec<unknown>],
  ["segment", segmentCodec as Codec<unknown>],
  ["manifest", manifestCodec as Codec<unknown>],
  ["presence message", presenceCodec as Codec<unknown>],
  ["signal", signalCodec as Codec<unknown>],
  ["list of signals", signalsCodec as Codec<unknown>],
  ["message to a peer", peerMessageCodec as Codec<unknown>],
])("a damaged %s", (_, codec) => {
  test("F-26 F-28 is refused, or is the one spelling of something else", () => {
    const { accepted, refused } = fuzz(codec);
    // Both ways must have been gone, or the test says nothing.
    expect(accepted).toBeGreaterThan(numRuns / 100);
    expect(refused).toBeGreaterThan(numRuns / 100);
  });

  test("F-26 F-28 nor does any single change to it do harm", () => {
    let bytesLeft = numRuns / 10;
    for (const value of fc.sample(codec.values, { seed, numRuns: 100 })) {
      const bytes = codec.encode(value);
      if (bytes.length > bytesLeft) continue;
      bytesLeft -= bytes.length;
      expect(() => exhaust(codec, bytes)).not.toThrow();
    }
  });

  test("F-28 any bytes at all are refused, or are the one spelling of something", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        checkBytes(codec, bytes);
      }),
      { seed, numRuns },
    );
  });
});

describe("a damaged envelope", () => {
  const codes = ["none", "malformed", "unsupported-version"];
  const bodies = fc.oneof(
    manifests.map((value) => encodeManifest(value)),
    fc.uint8Array({ maxLength: 300 }),
    fc.constant(new Uint8Array(1_000)),
  );
  const hash = (bytes: Uint8Array): Uint8Array =>
    createHash("sha256").update(bytes).digest().subarray(0, 16);

  test("F-11 F-28 is refused", async () => {
    await fc.assert(
      fc.asyncProperty(bodies, bodies, mutations, async (body, otherBody, all) => {
        const seal = (bytes: Uint8Array, generation: number): Promise<Uint8Array> =>
          sealEnvelope({ kind: "manifest", generation, body: bytes }, tools);
        const sealed = await seal(body, 300);
        const damaged = mutateAll(sealed, all, await seal(otherBody, 301));
        const code = await codeOf(() => openEnvelope(damaged, "manifest", tools));
        expect(codes).toContain(code);
        // Mutations can undo each other, or splice two envelopes where they are equal.
        if (code === "none")
          expect([sealed, await seal(otherBody, 301)]).toContainEqual(damaged.slice());
      }),
      { seed, numRuns },
    );
  });

  /** The writer's layout, with anything in the places of its parts and a hash that fits. */
  test("F-9 F-12 F-13 F-28 whose hash fits is refused, or opened as what it says", async () => {
    const flags = fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, fc.nat(3), fc.nat(255));
    const kinds = fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.nat(3), fc.nat(255));
    const deflated = bodies.map((body) => new Uint8Array(deflateRawSync(body)));
    const stored = fc.oneof(
      bodies,
      deflated,
      fc
        .tuple(deflated, deflated, mutations)
        .map(([bytes, other, all]) => mutateAll(bytes, all, other)),
    );
    const counts = { opened: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        kinds,
        flags,
        fc.constantFrom(...extremeVarints),
        stored,
        fc.oneof(
          { weight: 20, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: fc.constantFrom(...extremeVarints) },
        ),
        async (kind, flag, generation, content, falseLength) => {
          const out = new ByteWriter();
          out.varint(content.length);
          const length = falseLength ?? out.finish();
          const head = concatBytes(
            new Uint8Array([0x70, 0x73, 0x79, 0x6e, 1, kind, flag]),
            generation,
          );
          const rest = concatBytes(length, content);
          const sealed = concatBytes(head, hash(concatBytes(head, rest)), rest);
          const code = await codeOf(() => openEnvelope(sealed, "manifest", tools));
          counts[code === "none" ? "opened" : "refused"]++;
          if (code !== "none") {
            expect(code).toBe("malformed");
            return;
          }
          const opened = await openEnvelope(sealed, "manifest", tools);
          expect([kind, flag > 1]).toEqual([1, false]);
          expect(opened.generation).toBeGreaterThanOrEqual(1);
          expect(opened.body).toEqual(
            flag === 0 ? content : await tools.inflate(content, 1_000_000),
          );
          // The header has one spelling, and without compression so has the whole.
          const asItIs = { ...tools, deflate: async (bytes: Uint8Array) => bytes };
          if (flag === 0) expect(await sealEnvelope(opened, asItIs)).toEqual(sealed);
        },
      ),
      { seed, numRuns },
    );
    expect(counts.opened).toBeGreaterThan(numRuns / 100);
    expect(counts.refused).toBeGreaterThan(numRuns / 100);
  });
});
