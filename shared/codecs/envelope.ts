/**
 * The envelope around every object in the bucket:
 *
 *     magic "psyn" | format version (1) | kind (1) | flags (1) | generation | hash (16) | body length | body
 *
 * `generation` and `body length` are varints. The hash is SHA-256 over everything but itself, cut to 16
 * bytes: it finds damage, truncation and mix-ups (WebKit reports a response cut in mid-body as a normal end).
 * It is no proof of authorship; that is the store's permission to write below a prefix.
 *
 * With the flag `deflated` the body is compressed (raw DEFLATE), done only where that makes it smaller. Compressors
 * differ, so one body has many sealed spellings: what is canonical is the body.
 */
import { PresyncError } from "../errors.ts";
import { ByteReader, ByteWriter, compareBytes, concatBytes } from "./bytes.ts";

export const formatVersion = 1;

export type ObjectKind = "manifest" | "segment" | "signal";

/** No object may be larger: it bounds what a hostile one can make a reader allocate. */
export const objectBytesMax: number = 64 * 1024 * 1024;

/** Packed or unpacked. The rest is for the envelope, which takes 35 bytes at most; a later one may seal the body. */
export const bodyBytesMax: number = objectBytesMax - 1024;

export interface Envelope {
  readonly kind: ObjectKind;
  /** From 1 up. */
  readonly generation: number;
  readonly body: Uint8Array;
}

/** What the codec needs of the world it runs in. */
export interface EnvelopeTools {
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  deflate(bytes: Uint8Array): Promise<Uint8Array>;
  /**
   * Rejects when the output would exceed `bytesMax`, without allocating more, and when the input is anything but one
   * complete DEFLATE stream.
   */
  inflate(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array>;
}

const magic = new Uint8Array([0x70, 0x73, 0x79, 0x6e]);
const hashBytes = 16;
const flagDeflated = 1;
const kindCodes: Record<ObjectKind, number> = { manifest: 1, segment: 2, signal: 3 };

/** Below this, compression cannot win back its own overhead. */
const deflateBytesMin = 256;

/** Throws `too-large`. */
export async function sealEnvelope(
  { kind, generation, body }: Envelope,
  tools: EnvelopeTools,
): Promise<Uint8Array<ArrayBuffer>> {
  if (body.length > bodyBytesMax)
    throw new PresyncError("too-large", `a body of more than ${bodyBytesMax} bytes`);
  if (generation < 1) throw new PresyncError("internal", "generations begin at 1");
  const packed = body.length >= deflateBytesMin ? await tools.deflate(body) : body;
  const pays = packed.length < body.length;
  const stored = pays ? packed : body;
  const head = header(kindCodes[kind], pays ? flagDeflated : 0, generation);
  const length = varintBytes(stored.length);
  const hash = await digest(concatBytes(head, length, stored), tools);
  return concatBytes(head, hash, length, stored);
}

/** Throws `malformed`, `unsupported-version` or `too-large`; what it returns has passed the hash. */
export async function openEnvelope(
  bytes: Uint8Array,
  expected: ObjectKind,
  tools: EnvelopeTools,
): Promise<Envelope> {
  if (bytes.length > objectBytesMax)
    throw new PresyncError("too-large", `an object of more than ${objectBytesMax} bytes`);
  const reader = new ByteReader(bytes);
  if (compareBytes(reader.raw(magic.length), magic) !== 0)
    throw new PresyncError("malformed", "an object that is not presync's");
  const version = reader.byte();
  const kind = reader.byte();
  const flags = reader.byte();
  const generation = reader.varint();
  const headLength = bytes.length - reader.remaining;
  const hash = bytes.subarray(headLength, headLength + hashBytes);
  const hashed = concatBytes(bytes.subarray(0, headLength), bytes.subarray(headLength + hashBytes));
  if (compareBytes(await digest(hashed, tools), hash) !== 0)
    throw new PresyncError("malformed", "an object whose hash does not fit");
  // Only now: a flipped bit in the version byte is damage, and no reason to wait for a later build.
  if (version !== formatVersion)
    throw new PresyncError("unsupported-version", `an object of format version ${version}`);
  reader.raw(hashBytes);
  const stored = reader.sized(bodyBytesMax);
  reader.end();
  if (kind !== kindCodes[expected])
    throw new PresyncError("malformed", `an object that is no ${expected}`);
  if ((flags & ~flagDeflated) !== 0)
    throw new PresyncError("malformed", "an object with a flag this format does not have");
  if (generation < 1) throw new PresyncError("malformed", "an object without a generation");
  const body = (flags & flagDeflated) === 0 ? stored : await inflateChecked(stored, tools);
  return { kind: expected, generation, body };
}

async function inflateChecked(stored: Uint8Array, tools: EnvelopeTools): Promise<Uint8Array> {
  try {
    return await tools.inflate(stored, bodyBytesMax);
  } catch (cause) {
    throw new PresyncError("malformed", "an object whose body does not unpack", { cause });
  }
}

function header(kind: number, flags: number, generation: number): Uint8Array {
  const out = new ByteWriter();
  out.raw(magic);
  out.byte(formatVersion);
  out.byte(kind);
  out.byte(flags);
  out.varint(generation);
  return out.finish();
}

function varintBytes(value: number): Uint8Array {
  const out = new ByteWriter();
  out.varint(value);
  return out.finish();
}

async function digest(bytes: Uint8Array, tools: EnvelopeTools): Promise<Uint8Array> {
  return (await tools.sha256(bytes)).subarray(0, hashBytes);
}
