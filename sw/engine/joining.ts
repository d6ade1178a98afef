/**
 * Publications joined into longer ones. Where the changes of a document can be encoded as one piece they are: ten
 * bundles of a change each are seven times as large as one bundle of ten changes. No change is ever dropped: what
 * is encoded anew is read back, and taken only where it holds exactly the same hashes.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Pack, PackedDocument } from "../../shared/codecs/pack.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { AnyDoc } from "./chunks.ts";
import { changeHashes, hasAll, hashesOf, withDocument } from "./chunks.ts";
import type { Documents } from "./documents.ts";
import { unpackDocumentId } from "./packing.ts";

/** What may be encoded anew in one merge; the rest is copied. Encoding costs about 10 ms a megabyte and more. */
const reencodedBytesMax: number = 8 * 1024 * 1024;

/** So much is encoded before edits get their turn. */
const atOnceBytesMax: number = 64 * 1024;

/** All documents of these packs, given in the order of their publications; chunks are put side by side. */
export function joinPacks(packs: readonly Pack[]): Pack {
  const joined = new Map<string, PackedDocument>();
  for (const { documents } of packs)
    for (const document of documents) {
      const key = bytesToHex(document.documentId);
      const before = joined.get(key);
      joined.set(key, before === undefined ? document : joinDocument(before, document));
    }
  return {
    first: Math.min(...packs.map(({ first }) => first)),
    last: Math.max(...packs.map(({ last }) => last)),
    documents: [...joined.values()],
  };
}

/** The newer heads stand for both; a whole document goes in front. */
function joinDocument(older: PackedDocument, newer: PackedDocument): PackedDocument {
  const inFront = newer.whole && !older.whole;
  return {
    ...newer,
    whole: older.whole || newer.whole,
    dataVersion: Math.max(older.dataVersion, newer.dataVersion),
    chunks: inFront ? [...newer.chunks, ...older.chunks] : [...older.chunks, ...newer.chunks],
  };
}

/** The chunks of documents that are in memory as one chunk each. Quick: for what goes out with an edit. */
export function reencodeOpen(pack: Pack, documents: Documents): Pack {
  return {
    ...pack,
    documents: pack.documents.map((document) => {
      const handle = documents.loaded(unpackDocumentId(document.documentId));
      return handle === undefined || document.chunks.length < 2
        ? document
        : reencode(document, handle.doc(), false);
    }),
  };
}

/**
 * The same for all documents, those that are not open being read from storage, as far as the budget goes; `breathe`
 * lets others have their turn.
 */
export async function reencodeAll(
  pack: Pack,
  documents: Documents,
  breathe: () => Promise<void>,
): Promise<Pack> {
  let budgetBytes = reencodedBytesMax;
  let breathAtBytes = reencodedBytesMax;
  const reencoded: PackedDocument[] = [];
  for (const document of pack.documents) {
    const size = chunkBytes(document.chunks);
    if (document.chunks.length < 2 || size > budgetBytes) {
      reencoded.push(document);
      continue;
    }
    budgetBytes -= size;
    if (budgetBytes < breathAtBytes - atOnceBytesMax) {
      breathAtBytes = budgetBytes;
      await breathe();
    }
    reencoded.push(await reencodeAny(document, documents));
  }
  return { ...pack, documents: reencoded };
}

async function reencodeAny(
  document: PackedDocument,
  documents: Documents,
): Promise<PackedDocument> {
  const id: DocumentId = unpackDocumentId(document.documentId);
  const handle = documents.loaded(id);
  if (handle !== undefined) return reencode(document, handle.doc());
  // A whole document needs nothing but itself; bundles need what came before them.
  const base = document.whole ? [] : await documents.storedChunks(id);
  try {
    return withDocument([...base, ...document.chunks], (doc) => reencode(document, doc));
  } catch {
    return document;
  }
}

/**
 * `doc` should hold the changes in the chunks; where it does not, the document stays as it is. What
 * replaces segments is read back; what joins a tail, with every edit, is not.
 */
function reencode(document: PackedDocument, doc: AnyDoc, isChecked = true): PackedDocument {
  try {
    const hashes = new Set<string>();
    for (const chunk of document.chunks)
      for (const hash of hashesOf(chunk) ?? unreadable()) hashes.add(hash);
    if (!hasAll(doc, [...hashes])) return document;
    const chunk = document.whole ? saveExactly(doc, hashes) : A.saveBundle(doc, [...hashes]);
    const isSame = chunk !== undefined && (!isChecked || sameHashes(hashesOf(chunk), hashes));
    return isSame && chunk.length < chunkBytes(document.chunks)
      ? { ...document, chunks: [chunk] }
      : document;
  } catch {
    return document;
  }
}

/** The document as it was when it had these changes and no others; undefined where that is no document. */
function saveExactly(doc: AnyDoc, hashes: ReadonlySet<string>): Uint8Array | undefined {
  const all = changeHashes(doc);
  if (all.length === hashes.size) return A.save(doc);
  return withDocument([A.saveBundle(doc, [...hashes])], (exact) =>
    changeHashes(exact).length === hashes.size ? A.save(exact) : undefined,
  );
}

function sameHashes(found: readonly string[] | undefined, wanted: ReadonlySet<string>): boolean {
  return found?.length === wanted.size && found.every((hash) => wanted.has(hash));
}

function unreadable(): never {
  throw new Error("a chunk that cannot be read");
}

function chunkBytes(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
