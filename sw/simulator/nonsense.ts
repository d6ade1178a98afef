/** A manifest that is sealed as it should be, and in which nothing else is right. */
import { createHash } from "node:crypto";
import { ByteWriter } from "../../shared/codecs/bytes.ts";
import { encodeManifest } from "../../shared/codecs/manifest.ts";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { packDocumentId } from "../engine/packing.ts";
import type { SimulatedDocument } from "./edits.ts";
import type { SeededRandom } from "./random.ts";

const hashBytes = 16;

export function nonsenseManifest(
  random: SeededRandom,
  replica: ReplicaId,
  documents: readonly SimulatedDocument[],
): Uint8Array {
  const ids = [...documents.map(({ id }) => packDocumentId(id)), random.bytes(16)];
  const nonsense = ids.map((documentId): PackedDocument => ({
    documentId,
    whole: random.chance(0.3),
    dataVersion: random.int(3),
    heads: [random.bytes(32)],
    chunks: [random.bytes(1 + random.int(80))],
  }));
  const body = encodeManifest({
    replica,
    incarnation: 1,
    nonce: random.bytes(8),
    time: { wallMs: 1, counter: 0 },
    dataVersion: 0,
    slots: [{ level: 0, slot: 0, first: 1, last: 1 + random.int(3), generation: 1, bytes: 99 }],
    fledFrom: [],
    adopted: [],
    wants: [],
    unreadable: [],
    line: [],
    tail: { first: 5, last: 6, documents: nonsense },
  });
  return seal(body, 1 + random.int(1_000));
}

/** As `envelope.ts` does it, uncompressed. */
function seal(body: Uint8Array, generation: number): Uint8Array {
  const head = new ByteWriter();
  head.raw(new TextEncoder().encode("psyn"));
  head.byte(1);
  head.byte(1);
  head.byte(0);
  head.varint(generation);
  const rest = new ByteWriter();
  rest.sized(body);
  const [front, back] = [head.finish(), rest.finish()];
  const hash = createHash("sha256").update(front).update(back).digest().subarray(0, hashBytes);
  return new Uint8Array(Buffer.concat([front, hash, back]));
}
