/** Between documents and packs: what is news, how it is encoded, how newer news joins older. */
import * as A from "@automerge/automerge/slim";
import type { BinaryDocumentId, DocumentId } from "@automerge/automerge-repo/slim";
import { documentIdToBinary, interpretAsDocumentId } from "@automerge/automerge-repo/slim";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import { PresyncError } from "../../shared/errors.ts";
import { bytesToHex, hexToBytes } from "../../shared/hex.ts";
import type { Handle } from "./documents.ts";
import { changesBeyond } from "./documents.ts";
import type { Heads } from "./frontier.ts";

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
export function packNews(handle: Handle, known: Heads, heads: Heads): PackedDocument | undefined {
  const doc = handle.doc();
  const hashes = changesBeyond(handle, known);
  if (hashes.length === 0) return undefined;
  const whole = known.length === 0;
  return {
    documentId: packDocumentId(handle.documentId),
    whole,
    dataVersion,
    heads: heads.map((head) => hexToBytes(head)),
    chunks: [whole ? A.save(doc) : A.saveBundle(doc, hashes)],
  };
}

/**
 * Older news joined by newer, the newer heads standing for both. Where the document is in memory its bundles are
 * encoded as one: ten bundles of a change each are seven times as large as one bundle of ten changes. A whole
 * document stays as it is, in front.
 */
function joinNews(
  older: PackedDocument,
  newer: PackedDocument,
  handle: Handle | undefined,
): PackedDocument {
  if (newer.whole) return newer;
  const whole = older.whole ? older.chunks.slice(0, 1) : [];
  const bundles = [...older.chunks.slice(whole.length), ...newer.chunks];
  const { documentId, heads } = newer;
  return {
    documentId,
    whole: older.whole,
    dataVersion: Math.max(older.dataVersion, newer.dataVersion),
    heads,
    chunks: [...whole, ...(handle === undefined ? bundles : rebundle(handle, bundles))],
  };
}

function rebundle(handle: Handle, bundles: readonly Uint8Array[]): readonly Uint8Array[] {
  if (bundles.length < 2) return bundles;
  try {
    return [A.saveBundle(handle.doc(), bundledHashes(bundles))];
  } catch {
    // The document lacks some of it (its disk lost what had been published): the bundles themselves do not.
    return bundles;
  }
}

/** The hashes of the changes in bundles; throws where one is not a bundle. */
function bundledHashes(bundles: readonly Uint8Array[]): string[] {
  const hashes = new Set<string>();
  for (const bundle of bundles)
    for (const change of A.readBundle(bundle).changes) hashes.add(change.hash);
  return [...hashes];
}

/** All documents of two ranges of publications, the later one second. */
export function joinPacked(
  older: readonly PackedDocument[],
  newer: readonly PackedDocument[],
  loaded: (id: DocumentId) => Handle | undefined,
): PackedDocument[] {
  const joined = new Map<string, PackedDocument>();
  for (const document of older) joined.set(bytesToHex(document.documentId), document);
  for (const document of newer) {
    const key = bytesToHex(document.documentId);
    const before = joined.get(key);
    joined.set(
      key,
      before === undefined
        ? document
        : joinNews(before, document, loaded(unpackDocumentId(document.documentId))),
    );
  }
  return [...joined.values()];
}
