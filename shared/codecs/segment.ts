/** A segment: a pack of publications in a slot, with the name of the replica it belongs to. */
import { PresyncError } from "../errors.ts";
import { isReplicaId, type ReplicaId } from "../keys.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Pack } from "./pack.ts";
import { readPack, writePack } from "./pack.ts";

export interface Segment {
  readonly replica: ReplicaId;
  readonly pack: Pack;
}

const replicaBytesMax = 64;

export function encodeSegment({ replica, pack }: Segment): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  out.text(replica);
  writePack(out, pack);
  return out.finish();
}

export function decodeSegment(body: Uint8Array): Segment {
  const reader = new ByteReader(body);
  const replica = reader.text(replicaBytesMax);
  if (!isReplicaId(replica))
    throw new PresyncError("malformed", "a segment with a malformed replica id");
  const pack = readPack(reader);
  reader.end();
  return { replica, pack };
}
