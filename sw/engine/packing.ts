/** Between documents and packs: what is news, and how it is encoded. */
import * as A from "@automerge/automerge/slim";
import type { BinaryDocumentId, DocumentId } from "@automerge/automerge-repo/slim";
import { documentIdToBinary, interpretAsDocumentId } from "@automerge/automerge-repo/slim";
import { ByteWriter } from "../../shared/codecs/bytes.ts";
import type { Pack, PackedDocument } from "../../shared/codecs/pack.ts";
import { writePack } from "../../shared/codecs/pack.ts";
import { PresyncError } from "../../shared/errors.ts";
import { bytesToHex, hexToBytes } from "../../shared/hex.ts";
import type { AnyDoc } from "./chunks.ts";
import { changesBeyond } from "./documents.ts";
import type { FrontierMove, Heads } from "./frontier.ts";
import type { ReplicaId } from "../../shared/keys.ts";

/** The version of the app's data model; apps will set it once data migrations exist. */
const dataVersion = 0;

export function packDocumentId(id: DocumentId): Uint8Array {
  const binary = documentIdToBinary(id);
  if (binary === undefined) throw new PresyncError("internal", "a document id that is none");
  return binary;
}

export function unpackDocumentId(binary: Uint8Array): DocumentId {
  return interpretAsDocumentId(binary as BinaryDocumentId);
}

/** What the document has beyond `known`, or undefined where that is nothing. */
export function packNews(
  id: DocumentId,
  doc: AnyDoc,
  known: Heads,
  heads: Heads,
): PackedDocument | undefined {
  const hashes = changesBeyond(doc, known);
  if (hashes.length === 0) return undefined;
  const whole = known.length === 0;
  return {
    documentId: packDocumentId(id),
    whole,
    dataVersion,
    heads: heads.map((head) => hexToBytes(head)),
    chunks: [whole ? A.save(doc) : A.saveBundle(doc, hashes)],
  };
}

/** What a replica's pack makes known of the bucket. */
export function movesOf(
  replica: ReplicaId,
  pack: Pack,
  isComplete: (id: DocumentId, document: PackedDocument) => boolean,
): FrontierMove[] {
  return pack.documents.map((document) => {
    const id = unpackDocumentId(document.documentId);
    const heads = document.heads.map((head) => bytesToHex(head));
    return { id, replica, heads, complete: isComplete(id, document) };
  });
}

export function packBytes(pack: Pack): number {
  const out = new ByteWriter();
  writePack(out, pack);
  return out.length;
}
