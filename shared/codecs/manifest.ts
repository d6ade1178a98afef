/**
 * The manifest: the one object of a replica that others poll, always written last. It says which publications
 * each slot in use holds, and carries the newest ones inline (the tail), so that a burst of edits is one PUT
 * and seeing it is one GET.
 */
import { PresyncError } from "../errors.ts";
import { isReplicaId, type ReplicaId } from "../keys.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Pack } from "./pack.ts";
import { readPack, writePack } from "./pack.ts";

export interface SlotRange {
  readonly level: number;
  readonly slot: number;
  /** The first and last publication the segment holds, both included. */
  readonly first: number;
  readonly last: number;
  /** The generation in the segment's envelope: tells it from an older PUT that landed late. */
  readonly generation: number;
}

/** A hybrid logical time: milliseconds since 1970, then a counter. Orders and shows; gates nothing. */
export interface LogicalTime {
  readonly wallMs: number;
  readonly counter: number;
}

export interface Manifest {
  readonly replica: ReplicaId;
  /** How often this replica was started, and random bytes that tell two starts with one number apart. */
  readonly incarnation: number;
  readonly nonce: Uint8Array;
  readonly time: LogicalTime;
  /** The version of the app's data model at the writer. */
  readonly dataVersion: number;
  readonly slots: readonly SlotRange[];
  /** Replica ids this one gave up because somebody else was writing under them. */
  readonly fledFrom: readonly ReplicaId[];
  readonly tail: Pack;
}

const nonceBytes = 8;
const replicaBytesMax = 64;
const slotsMax = 256;
const fledFromMax = 256;

export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  out.text(manifest.replica);
  out.varint(manifest.incarnation);
  out.raw(manifest.nonce);
  out.varint(manifest.time.wallMs);
  out.varint(manifest.time.counter);
  out.varint(manifest.dataVersion);
  out.list(manifest.slots, ({ level, slot, first, last, generation }) => {
    out.byte(level);
    out.byte(slot);
    out.varint(first);
    out.varint(last - first);
    out.varint(generation);
  });
  out.list(manifest.fledFrom, (replica) => out.text(replica));
  writePack(out, manifest.tail);
  return out.finish();
}

export function decodeManifest(body: Uint8Array): Manifest {
  const reader = new ByteReader(body);
  const manifest: Manifest = {
    replica: readReplica(reader),
    incarnation: reader.varint(),
    nonce: reader.raw(nonceBytes).slice(),
    time: { wallMs: reader.varint(), counter: reader.varint() },
    dataVersion: reader.varint(),
    slots: reader.list(slotsMax, () => {
      const [level, slot, first] = [reader.byte(), reader.byte(), reader.varint()];
      return { level, slot, first, last: first + reader.varint(), generation: reader.varint() };
    }),
    fledFrom: reader.list(fledFromMax, () => readReplica(reader)),
    tail: readPack(reader),
  };
  reader.end();
  return manifest;
}

function readReplica(reader: ByteReader): ReplicaId {
  const text = reader.text(replicaBytesMax);
  if (isReplicaId(text)) return text;
  throw new PresyncError("malformed", "a manifest with a malformed replica id");
}
