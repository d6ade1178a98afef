/**
 * What two replicas tell each other over a WebRTC channel, once it is open. The first message of each is its hello.
 *
 *     version (1) | kind (1) | content
 *
 *     hello        replica | connection (16) | nonce (16), the one in the other's signal
 *     ping, pong   count
 *     hint         generation
 *     publication  pack, of one publication with one document
 *     ephemeral    length, bytes
 */
import { PresyncError } from "../errors.ts";
import type { ReplicaId } from "../keys.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { PackedDocument } from "./pack.ts";
import { readPack, writePack } from "./pack.ts";
import { readReplicaId, writeReplicaId } from "./replica-id.ts";
import { connectionBytes, peerNonceBytes } from "./signal.ts";

export type PeerMessage =
  | {
      readonly kind: "hello";
      readonly replica: ReplicaId;
      readonly connection: Uint8Array;
      /** Out of the signal of the one who is greeted: who has not read that one cannot know it. */
      readonly nonce: Uint8Array;
    }
  | { readonly kind: "ping" | "pong"; readonly count: number }
  /** The sender's manifest of this generation is in the bucket. */
  | { readonly kind: "hint"; readonly generation: number }
  /** Changes that may not be in the bucket yet. */
  | { readonly kind: "publication"; readonly document: PackedDocument }
  /** What is not kept: presence, cursors. */
  | { readonly kind: "ephemeral"; readonly bytes: Uint8Array };

const peerMessageVersion = 1;

/** What one message may make a reader hold. What is larger goes through the bucket alone. */
export const messageBytesMax: number = 1024 * 1024;

/** Said often, and to everybody. */
export const ephemeralBytesMax: number = 16 * 1024;

const kindCodes: Record<PeerMessage["kind"], number> = {
  hello: 1,
  ping: 2,
  pong: 3,
  hint: 4,
  publication: 5,
  ephemeral: 6,
};

/** Throws `too-large` beyond a limit, `internal` where no reader would take it. */
export function encodePeerMessage(message: PeerMessage): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  out.byte(peerMessageVersion);
  out.byte(kindCodes[message.kind]);
  switch (message.kind) {
    case "hello":
      if (message.connection.length !== connectionBytes || message.nonce.length !== peerNonceBytes)
        throw new PresyncError("internal", "a hello with malformed numbers");
      writeReplicaId(out, message.replica);
      out.raw(message.connection);
      out.raw(message.nonce);
      break;
    case "ping":
    case "pong":
      out.varint(message.count);
      break;
    case "hint":
      out.varint(message.generation);
      break;
    case "publication":
      writePack(out, { first: 1, last: 1, documents: [message.document] });
      break;
    case "ephemeral":
      if (message.bytes.length > ephemeralBytesMax)
        throw new PresyncError("too-large", `a message of more than ${ephemeralBytesMax} bytes`);
      out.sized(message.bytes);
  }
  if (out.length > messageBytesMax)
    throw new PresyncError("too-large", `a message of more than ${messageBytesMax} bytes`);
  return out.finish();
}

/** Throws `malformed` or `unsupported-version`. */
export function decodePeerMessage(bytes: Uint8Array): PeerMessage {
  if (bytes.length > messageBytesMax)
    throw new PresyncError("malformed", `a message of more than ${messageBytesMax} bytes`);
  const reader = new ByteReader(bytes);
  if (reader.byte() !== peerMessageVersion)
    throw new PresyncError("unsupported-version", "a message of another version");
  const message = readContent(reader, reader.byte());
  reader.end();
  return message;
}

function readContent(reader: ByteReader, code: number): PeerMessage {
  switch (code) {
    case kindCodes.hello:
      return {
        kind: "hello",
        replica: readReplicaId(reader),
        connection: reader.raw(connectionBytes).slice(),
        nonce: reader.raw(peerNonceBytes).slice(),
      };
    case kindCodes.ping:
      return { kind: "ping", count: reader.varint() };
    case kindCodes.pong:
      return { kind: "pong", count: reader.varint() };
    case kindCodes.hint:
      return { kind: "hint", generation: reader.varint() };
    case kindCodes.publication:
      return { kind: "publication", document: readDocument(reader) };
    case kindCodes.ephemeral:
      return { kind: "ephemeral", bytes: reader.sized(ephemeralBytesMax).slice() };
    default:
      throw new PresyncError("unsupported-version", "a message of a kind that is not known");
  }
}

function readDocument(reader: ByteReader): PackedDocument {
  const { first, last, documents } = readPack(reader);
  const [document] = documents;
  if (first !== 1 || last !== 1 || documents.length !== 1 || document === undefined)
    throw new PresyncError("malformed", "a publication of more or less than one document");
  if (document.heads.length === 0 || document.chunks.length === 0)
    throw new PresyncError("malformed", "a publication of nothing");
  return document;
}
