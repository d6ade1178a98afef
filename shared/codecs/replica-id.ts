/**
 * A replica id inside an object: a varint length, then its letters, a byte each. No text decoder is needed, and none
 * is wanted: they take a leading byte order mark away, and so read two spellings as one id.
 */
import { PresyncError } from "../errors.ts";
import { isReplicaId, type ReplicaId } from "../keys.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/** `browser-` and 32 digits. */
const replicaIdBytesMax = 40;

export function writeReplicaId(out: ByteWriter, replica: ReplicaId): void {
  if (!isReplicaId(replica)) throw new PresyncError("internal", "a replica id that is none");
  out.sized(Uint8Array.from(replica, (letter) => letter.charCodeAt(0)));
}

/** Throws `malformed`. */
export function readReplicaId(reader: ByteReader): ReplicaId {
  const text = String.fromCharCode(...reader.sized(replicaIdBytesMax));
  if (isReplicaId(text)) return text;
  throw new PresyncError("malformed", "an object with a malformed replica id");
}
