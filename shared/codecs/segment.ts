/**
 * A segment: a pack of publications in a slot, with the name of the replica it belongs to.
 *
 *     replica | pack
 */
import type { ReplicaId } from "../keys.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Pack } from "./pack.ts";
import { readPack, writePack } from "./pack.ts";
import { readReplicaId, writeReplicaId } from "./replica-id.ts";

export interface Segment {
  readonly replica: ReplicaId;
  readonly pack: Pack;
}

/** Throws as `writePack` does. */
export function encodeSegment({ replica, pack }: Segment): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  writeReplicaId(out, replica);
  writePack(out, pack);
  return out.finish();
}

/** Throws `malformed`. */
export function decodeSegment(body: Uint8Array): Segment {
  const reader = new ByteReader(body);
  const segment = { replica: readReplicaId(reader), pack: readPack(reader) };
  reader.end();
  return segment;
}
