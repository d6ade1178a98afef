/** Objects of the bucket, read by the judge: all of the envelope is checked again here, without the engine's code. */
import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { ByteReader } from "../../shared/codecs/bytes.ts";
import type { Manifest } from "../../shared/codecs/manifest.ts";
import { decodeManifest } from "../../shared/codecs/manifest.ts";
import type { Segment } from "../../shared/codecs/segment.ts";
import { decodeSegment } from "../../shared/codecs/segment.ts";

export type DecodedObject =
  | { readonly kind: "manifest"; readonly generation: number; readonly manifest: Manifest }
  | { readonly kind: "segment"; readonly generation: number; readonly segment: Segment };

const magicBytes = 4;
const hashBytes = 16;
const bodyBytesMax = 64 * 1024 * 1024;

/** Null where the bytes are no sound object. */
export function decodeObject(bytes: Uint8Array): DecodedObject | null {
  try {
    const reader = new ByteReader(bytes);
    if (Buffer.from(reader.raw(magicBytes)).toString("latin1") !== "psyn") return null;
    if (reader.byte() !== 1) return null;
    const [kind, flags, generation] = [reader.byte(), reader.byte(), reader.varint()];
    const head = bytes.subarray(0, bytes.length - reader.remaining);
    const hash = reader.raw(hashBytes);
    const rest = bytes.subarray(head.length + hashBytes);
    const stored = reader.sized(bodyBytesMax);
    const actual = createHash("sha256").update(head).update(rest).digest();
    if (!actual.subarray(0, hashBytes).equals(hash)) return null;
    const body = (flags & 1) === 0 ? stored : new Uint8Array(inflateRawSync(stored));
    return kind === 1
      ? { kind: "manifest", generation, manifest: decodeManifest(body) }
      : { kind: "segment", generation, segment: decodeSegment(body) };
  } catch {
    return null;
  }
}
