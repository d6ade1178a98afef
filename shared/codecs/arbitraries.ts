/**
 * For tests only: values that the codecs can write, made up by fast-check, and the tools an envelope needs, from Node.
 * Every value is in canonical order, so what is decoded equals what was encoded.
 */
import { createHash } from "node:crypto"; // oxlint-disable-line no-restricted-imports -- only tests import this file
import { deflateRawSync, inflateRawSync } from "node:zlib"; // oxlint-disable-line no-restricted-imports
import fc from "fast-check";
import type { ErrorCode } from "../errors.ts";
import { PresyncError } from "../errors.ts";
import { bytesToHex } from "../hex.ts";
import type { LogicalTime } from "../hlc.ts";
import { counterMax, wallMsMax } from "../hlc.ts";
import type { ReplicaId } from "../keys.ts";
import { compareBytes } from "./bytes.ts";
import type { EnvelopeTools } from "./envelope.ts";
import { objectBytesMax } from "./envelope.ts";
import type { Manifest, ReplicaAt, SlotRange, Stretch } from "./manifest.ts";
import { levelsMax, nonceBytes, slotsMax, tagBytes } from "./manifest.ts";
import type { Pack, PackedDocument } from "./pack.ts";
import { documentIdBytes, headBytes } from "./pack.ts";
import type { PresenceMessage } from "./presence.ts";
import { presenceNonceBytes, tabIdBytes } from "./presence.ts";
import type { PeerMessage } from "./peer-message.ts";
import type { Segment } from "./segment.ts";
import type { Signal } from "./signal.ts";
import { connectionBytes, peerNonceBytes } from "./signal.ts";

export const tools: EnvelopeTools = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  deflate: async (bytes) => new Uint8Array(deflateRawSync(bytes)),
  async inflate(bytes, bytesMax) {
    const options = { maxOutputLength: bytesMax, info: true } as const;
    // The types do not know what `info` changes.
    const { buffer, engine } = inflateRawSync(bytes, options) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten !== bytes.length) throw new Error("bytes after the end of the stream");
    return new Uint8Array(buffer);
  },
};

const exactly = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

/** Small ones most of the time, and now and then the largest there are. */
const integerFrom = (min: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min, max: 1000 }) },
    { weight: 2, arbitrary: fc.integer({ min, max: 2 ** 40 }) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: Number.MAX_SAFE_INTEGER - 300, max: Number.MAX_SAFE_INTEGER }),
    },
  );

/** In the order and with the uniqueness the format asks for. */
const ascending = <T>(
  item: fc.Arbitrary<T>,
  maxLength: number,
  keyOf: (item: T) => Uint8Array,
): fc.Arbitrary<T[]> =>
  fc
    .uniqueArray(item, { maxLength, selector: (value) => bytesToHex(keyOf(value)) })
    .map((items) => items.toSorted((a, b) => compareBytes(keyOf(a), keyOf(b))));

const replicaIds: fc.Arbitrary<ReplicaId> = fc
  .stringMatching(/^(?:browser|node)-[0-9a-f]{6,32}$/)
  .map((text) => text as ReplicaId);

const times: fc.Arbitrary<LogicalTime> = fc.record({
  wallMs: fc.oneof(fc.nat(1000), fc.nat(wallMsMax), fc.constant(wallMsMax)),
  counter: fc.oneof(fc.nat(3), fc.nat(counterMax), fc.constant(counterMax)),
});

const documents: fc.Arbitrary<PackedDocument[]> = ascending(
  fc
    .record({
      documentId: exactly(documentIdBytes),
      whole: fc.boolean(),
      dataVersion: integerFrom(0),
      heads: ascending(exactly(headBytes), 4, (head) => head),
      chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 4 }),
    })
    .map((document) => ({ ...document, whole: document.whole && document.chunks.length > 0 })),
  6,
  ({ documentId }) => documentId,
);

export const packs: fc.Arbitrary<Pack> = fc
  .record({ first: integerFrom(1), count: fc.nat(300), documents })
  .map(({ first, count, documents: some }) => {
    const last = Math.min(first + count - 1, Number.MAX_SAFE_INTEGER);
    return { first, last, documents: last < first ? [] : some };
  });

export const segments: fc.Arbitrary<Segment> = fc.record({ replica: replicaIds, pack: packs });

/** Slots before the tail, each in a place and with a generation of its own. */
const slotsBefore = (end: number): fc.Arbitrary<SlotRange[]> =>
  fc
    .uniqueArray(
      fc.record({
        level: fc.nat(levelsMax - 1),
        slot: fc.oneof(fc.nat(9), fc.nat(slotsMax - 1)),
        back: fc.oneof(fc.nat(Math.min(300, Math.max(0, end - 1))), fc.nat(Math.max(0, end - 1))),
        count: fc.nat(2 ** 20),
        generation: integerFrom(1),
        bytes: fc.nat(objectBytesMax),
      }),
      {
        maxLength: end < 1 ? 0 : 10,
        selector: ({ level, slot }) => `${level}/${slot}`,
      },
    )
    .map((slots) =>
      slots
        .map(({ back, count, ...rest }) => {
          const last = end - back;
          return { ...rest, last, first: Math.max(1, last - count) };
        })
        .filter(
          ({ generation }, index, all) =>
            all.findIndex((other) => other.generation === generation) === index,
        )
        .toSorted((a, b) => a.generation - b.generation),
    );

const replicasAt: fc.Arbitrary<ReplicaAt[]> = fc.uniqueArray(
  fc.record({ replica: replicaIds, generation: integerFrom(0) }),
  { maxLength: 3, selector: ({ replica }) => replica },
);

const line: fc.Arbitrary<Stretch[]> = fc
  .uniqueArray(fc.record({ from: integerFrom(1), tag: exactly(tagBytes) }), {
    maxLength: 3,
    selector: ({ from }) => from,
  })
  .map((stretches) => stretches.toSorted((a, b) => a.from - b.from));

export const manifests: fc.Arbitrary<Manifest> = packs.chain((tail) =>
  fc.record({
    replica: replicaIds,
    incarnation: integerFrom(0),
    nonce: exactly(nonceBytes),
    time: times,
    dataVersion: integerFrom(0),
    tail: fc.constant(tail),
    slots: slotsBefore(tail.first - 1),
    fledFrom: fc.uniqueArray(replicaIds, { maxLength: 3 }),
    adopted: replicasAt,
    wants: ascending(exactly(documentIdBytes), 3, (documentId) => documentId),
    unreadable: replicasAt,
    line,
  }),
);

export const presences: fc.Arbitrary<PresenceMessage> = fc.record({
  replica: replicaIds,
  tab: exactly(tabIdBytes),
  nonce: exactly(presenceNonceBytes),
  number: integerFrom(0),
  documentId: exactly(documentIdBytes),
  news: fc.oneof(
    fc.constant({ kind: "ask" } as const),
    fc.constant({ kind: "left" } as const),
    fc.record({
      kind: fc.constant("here" as const),
      // Whole characters alone, as JSON's are: half of a pair has no UTF-8.
      state: fc.string({ unit: "binary", maxLength: 200 }),
    }),
  ),
});

export const signals: fc.Arbitrary<Signal> = fc.record({
  from: replicaIds,
  to: replicaIds,
  kind: fc.constantFrom("offer", "answer"),
  connection: exactly(connectionBytes),
  nonce: exactly(peerNonceBytes),
  sdp: fc.stringMatching(/^[\r\n\x20-\x7e]{0,200}$/),
});

export const peerMessages: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("hello"),
    replica: replicaIds,
    connection: exactly(connectionBytes),
    nonce: exactly(peerNonceBytes),
  }),
  fc.record({ kind: fc.constantFrom("ping", "pong"), count: integerFrom(0) }),
  fc.record({ kind: fc.constant("hint"), generation: integerFrom(0) }),
  documents
    .filter(([first]) => first !== undefined && first.heads.length > 0 && first.chunks.length > 0)
    .map(([document]) => ({ kind: "publication" as const, document: document! })),
  fc.record({ kind: fc.constant("ephemeral"), bytes: fc.uint8Array({ maxLength: 300 }) }),
) satisfies fc.Arbitrary<PeerMessage>;

/** The code of what an action throws or rejects with; anything but a `PresyncError` is thrown on. */
export async function codeOf(action: () => unknown): Promise<ErrorCode | "none"> {
  try {
    await action();
  } catch (error) {
    if (error instanceof PresyncError) return error.code;
    throw error;
  }
  return "none";
}
