/**
 * The test vectors that other implementations share with this one (`shared/vectors/README.md`): what they say is
 * written is written, byte for byte, and what they say is refused is refused.
 */
import { readFileSync } from "node:fs";
import * as A from "@automerge/automerge";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../errors.ts";
import { bytesToHex, hexToBytes } from "../hex.ts";
import { compareTimes, isDrifting, merge, packTime, tick, unpackTime } from "../hlc.ts";
import type { Layout } from "../keys.ts";
import {
  isNamespace,
  isReplicaId,
  objectKey,
  objectNames,
  parseNamespace,
  parseReplicaId,
} from "../keys.ts";
import { codeOf, tools } from "./arbitraries.ts";
import type { ObjectKind } from "./envelope.ts";
import { openEnvelope, sealEnvelope } from "./envelope.ts";
import type { Manifest } from "./manifest.ts";
import { decodeManifest, encodeManifest } from "./manifest.ts";
import type { Segment } from "./segment.ts";
import { decodeSegment, encodeSegment } from "./segment.ts";

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
}

const bytesOf = (pieces: readonly string[]): Uint8Array<ArrayBuffer> => hexToBytes(pieces.join(""));

/** A value in which bytes are hexadecimal, as JSON has it. */
function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map((item) => toJson(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}

/** The other way round: which fields are bytes, a text cannot tell. */
const bytesFields = new Set(["nonce", "tag", "documentId", "heads", "chunks", "wants"]);
function fromJson(value: unknown, field = ""): unknown {
  if (typeof value === "string") return bytesFields.has(field) ? hexToBytes(value) : value;
  if (Array.isArray(value)) return value.map((item) => fromJson(item, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromJson(item, key)]));
}

interface EnvelopeVector {
  readonly name: string;
  readonly kind: ObjectKind;
  readonly generation: number;
  readonly body: string;
  readonly deflated: boolean;
  readonly sealed: readonly string[];
}
const envelopes = (read("envelope") as { vectors: EnvelopeVector[] }).vectors;

describe("F-34 envelope.json", () => {
  test.each(envelopes)("F-9 $name", async ({ kind, generation, body, deflated, sealed }) => {
    const envelope = { kind, generation, body: hexToBytes(body) };
    expect(await openEnvelope(bytesOf(sealed), kind, tools)).toEqual(envelope);
    const ours = await sealEnvelope(envelope, tools);
    // F-27: compressed bytes may be others, and mean the same.
    if (!deflated) expect(bytesToHex(ours)).toBe(sealed.join(""));
    expect(await openEnvelope(ours, kind, tools)).toEqual(envelope);
  });
});

interface ManifestVector {
  readonly name: string;
  readonly manifest: unknown;
  readonly body: readonly string[];
}
const manifestVectors = (read("manifest") as { vectors: ManifestVector[] }).vectors;

describe("F-34 manifest.json", () => {
  test.each(manifestVectors)("F-20 $name", ({ manifest, body }) => {
    expect(toJson(decodeManifest(bytesOf(body)))).toEqual(manifest);
    expect(bytesToHex(encodeManifest(fromJson(manifest) as Manifest))).toBe(body.join(""));
  });
});

interface SegmentVectors {
  readonly automerge: { readonly documentId: string; readonly content: unknown };
  readonly vectors: readonly {
    readonly name: string;
    readonly segment: unknown;
    readonly body: readonly string[];
  }[];
}
const segmentVectors = read("segment") as SegmentVectors;

describe("F-34 segment.json", () => {
  test.each(segmentVectors.vectors)("F-19 $name", ({ segment, body }) => {
    expect(toJson(decodeSegment(bytesOf(body)))).toEqual(segment);
    expect(bytesToHex(encodeSegment(fromJson(segment) as Segment))).toBe(body.join(""));
  });

  test("F-18 the saved document and the bundle are Automerge's, and lead to the heads beside them", () => {
    const { documentId, content } = segmentVectors.automerge;
    const documents = [
      ...segmentVectors.vectors.map(({ body }) => decodeSegment(bytesOf(body)).pack),
      ...manifestVectors.map(({ body }) => decodeManifest(bytesOf(body)).tail),
    ]
      .flatMap((pack) => pack.documents)
      .filter((document) => bytesToHex(document.documentId) === documentId);
    expect(documents).toHaveLength(2);
    for (const { whole, heads, chunks } of documents) {
      expect([whole, chunks.length]).toEqual([true, 2]);
      const doc = A.loadIncremental(A.load(chunks[0]!), chunks[1]!);
      expect(A.toJS(doc)).toEqual(content);
      expect(A.getHeads(doc).toSorted()).toEqual(heads.map((head) => bytesToHex(head)));
    }
  });
});

interface InvalidVector {
  readonly name: string;
  readonly read: "manifest object" | "manifest body" | "segment body";
  readonly requirement: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly bytes: readonly string[];
}
const invalid = (read("invalid") as { vectors: InvalidVector[] }).vectors;
const readers: Record<InvalidVector["read"], (bytes: Uint8Array) => unknown> = {
  "manifest object": (bytes) => openEnvelope(bytes, "manifest", tools),
  "manifest body": decodeManifest,
  "segment body": decodeSegment,
};

describe("F-34 invalid.json", () => {
  test.each(invalid)("$requirement $read: $name", async ({ read: what, code, bytes }) => {
    expect(await codeOf(() => readers[what](bytesOf(bytes)))).toBe(code);
  });
});

interface HlcVectors {
  readonly ascending: readonly { wallMs: number; counter: number; packed: string }[];
  readonly refused: readonly string[];
  readonly ticks: readonly { last: string; now: number; next: string }[];
  readonly merges: readonly {
    last: string;
    remote: string;
    now: number;
    drifting: boolean;
    next: string;
  }[];
}
const hlc = read("hlc") as HlcVectors;

describe("F-34 hlc.json", () => {
  test("F-30 packed times, ascending", () => {
    for (const [index, { packed, ...time }] of hlc.ascending.entries()) {
      expect(packTime(time)).toBe(packed);
      expect(unpackTime(packed)).toEqual(time);
      const before = hlc.ascending[index - 1];
      if (before === undefined) continue;
      expect(packed > before.packed).toBe(true);
      expect(compareTimes(time, before)).toBeGreaterThan(0);
    }
  });

  test.each(hlc.refused)("F-30 %j is refused", async (text) => {
    expect(await codeOf(() => unpackTime(text))).toBe("malformed");
  });

  test.each(hlc.ticks)("F-31 $last at $now", ({ last, now, next }) => {
    expect(packTime(tick(unpackTime(last), now))).toBe(next);
  });

  test.each(hlc.merges)(
    "F-32 $last hears $remote at $now",
    ({ last, remote, now, ...expected }) => {
      const heard = unpackTime(remote);
      expect({
        drifting: isDrifting(heard, now),
        next: packTime(merge(unpackTime(last), heard, now)),
      }).toEqual(expected);
    },
  );
});

interface KeyVectors {
  readonly namespaces: { readonly allowed: readonly string[]; readonly refused: readonly string[] };
  readonly replicaIds: { readonly allowed: readonly string[]; readonly refused: readonly string[] };
  readonly objectNames: readonly (Layout & { readonly names: readonly string[] })[];
  readonly refusedLayouts: readonly Layout[];
  readonly objectKeys: readonly { namespace: string; replica: string; name: string; key: string }[];
}
const keys = read("keys") as KeyVectors;

describe("F-34 keys.json", () => {
  test.each(keys.namespaces.allowed)("F-1 %j is a namespace", (text) => {
    expect(isNamespace(text)).toBe(true);
  });
  test.each(keys.namespaces.refused)("F-1 %j is none", (text) => {
    expect(isNamespace(text)).toBe(false);
  });
  test.each(keys.replicaIds.allowed)("F-2 %j is a replica id", (text) => {
    expect(isReplicaId(text)).toBe(true);
  });
  test.each(keys.replicaIds.refused)("F-2 %j is none", (text) => {
    expect(isReplicaId(text)).toBe(false);
  });
  test.each(keys.objectNames)("F-3 $levels levels of $slotsPerLevel", ({ names, ...layout }) => {
    expect(objectNames(layout)).toEqual(names);
  });
  test.each(keys.refusedLayouts)("F-3 not $levels levels of $slotsPerLevel", async (layout) => {
    expect(await codeOf(() => objectNames(layout))).toBe("invalid-argument");
  });
  test.each(keys.objectKeys)("F-4 $key", ({ namespace, replica, name, key }) => {
    expect(objectKey(parseNamespace(namespace), parseReplicaId(replica), name)).toBe(key);
  });
});
