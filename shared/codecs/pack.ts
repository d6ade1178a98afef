/**
 * A pack: the news about some documents, over a range of publications of one replica. The manifest carries one
 * as its tail, and a segment is one.
 *
 *     first | count | documents, ascending by id: id (16) | flags (1) | dataVersion | heads, ascending | chunks
 *
 * A chunk is an Automerge bundle or a saved document; with the flag `whole` the first one is a saved document.
 * Chunks of one document are pieces of its history, in any order; applying one twice does no harm. Heads stand beside their
 * chunk because a saved document repeats them: DEFLATE then finds them again.
 */
import { PresyncError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { compareBytes, isAscending } from "./bytes.ts";

export const documentIdBytes = 16;
/** Length of a change hash. */
export const headBytes = 32;

/** A document has one head per writer that has not seen the others: far fewer than this. */
export const headsMax = 4096;
export const chunksMax = 65_536;
/** What one object may make a reader hold, whatever its bytes unpack to. A part is a head or a chunk. */
export const packDocumentsMax = 100_000;
export const packPartsMax = 400_000;

export interface PackedDocument {
  readonly documentId: Uint8Array;
  /** The first chunk is a whole document: nothing older is needed to load it. */
  readonly whole: boolean;
  /** The version of the app's data model that wrote this, for migrations. */
  readonly dataVersion: number;
  /** The document's heads at the newest publication in this pack, as change hashes. */
  readonly heads: readonly Uint8Array[];
  readonly chunks: readonly Uint8Array[];
}

/** The publications `first` to `last`, both included. Without any, `last` is `first - 1` and there is no document. */
export interface Pack {
  readonly first: number;
  readonly last: number;
  readonly documents: readonly PackedDocument[];
}

const flagWhole = 1;

/**
 * Puts documents and heads into their order. Throws `too-large` beyond a limit, `internal` where no reader would
 * take it.
 */
export function writePack(out: ByteWriter, pack: Pack): void {
  const { first, last, documents } = inOrder(pack);
  assertWithinLimits(documents);
  const fault = faultOf({ first, last, documents });
  if (fault !== undefined) throw new PresyncError("internal", `a pack ${fault}`);
  out.varint(first);
  out.varint(last - first + 1);
  out.list(documents, (document) => {
    out.raw(document.documentId);
    out.byte(document.whole ? flagWhole : 0);
    out.varint(document.dataVersion);
    out.list(document.heads, (head) => out.raw(head));
    out.list(document.chunks, (chunk) => out.sized(chunk));
  });
}

/** Throws `malformed`. */
export function readPack(reader: ByteReader): Pack {
  const first = reader.varint();
  // In this order no rounding hides a sum that is too large.
  const last = first - 1 + reader.varint();
  let partsLeft = packPartsMax;
  const documents = reader.list(packDocumentsMax, () => {
    const document = readDocument(reader, partsLeft);
    partsLeft -= partsOf(document);
    return document;
  });
  const fault = faultOf({ first, last, documents });
  if (fault !== undefined) throw new PresyncError("malformed", `a pack ${fault}`);
  return { first, last, documents };
}

/** Everything is copied: what is kept of a pack must not keep the whole object in memory. */
function readDocument(reader: ByteReader, partsLeft: number): PackedDocument {
  const documentId = reader.raw(documentIdBytes).slice();
  const flags = reader.byte();
  if ((flags & ~flagWhole) !== 0)
    throw new PresyncError("malformed", "a pack with a flag this format does not have");
  const dataVersion = reader.varint();
  const heads = reader.list(Math.min(headsMax, partsLeft), () => reader.raw(headBytes).slice());
  const chunks = reader.list(Math.min(chunksMax, partsLeft - heads.length), () =>
    reader.sized(reader.remaining).slice(),
  );
  return { documentId, whole: flags === flagWhole, dataVersion, heads, chunks };
}

function inOrder({ documents, ...range }: Pack): Pack {
  const sorted = documents.map((document) => ({
    ...document,
    heads: document.heads.toSorted(compareBytes),
  }));
  sorted.sort((a, b) => compareBytes(a.documentId, b.documentId));
  return { ...range, documents: sorted };
}

function partsOf({ heads, chunks }: PackedDocument): number {
  return heads.length + chunks.length;
}

function assertWithinLimits(documents: readonly PackedDocument[]): void {
  const parts = documents.reduce((sum, document) => sum + partsOf(document), 0);
  if (documents.length > packDocumentsMax)
    throw new PresyncError("too-large", `a pack of more than ${packDocumentsMax} documents`);
  if (parts > packPartsMax)
    throw new PresyncError("too-large", `a pack of more than ${packPartsMax} heads and chunks`);
  for (const { heads, chunks } of documents)
    if (heads.length > headsMax || chunks.length > chunksMax)
      throw new PresyncError(
        "too-large",
        `a document of more than ${headsMax} heads or ${chunksMax} chunks`,
      );
}

/** What makes it no pack, in words; undefined where nothing does. Writer and reader ask the same. */
function faultOf({ first, last, documents }: Pack): string | undefined {
  if (first < 1 || last < first - 1 || !Number.isSafeInteger(last))
    return "with an impossible range of publications";
  if (last < first && documents.length > 0) return "with documents and no publication";
  if (!isAscending(documents.map(({ documentId }) => documentId)))
    return "whose documents are not in order";
  for (const { documentId, whole, heads, chunks } of documents) {
    if (documentId.length !== documentIdBytes) return "with a malformed document id";
    if (heads.some((head) => head.length !== headBytes)) return "with a malformed head";
    if (!isAscending(heads)) return "whose heads are not in order";
    if (chunks.some((chunk) => chunk.length === 0)) return "with an empty chunk";
    if (whole && chunks.length === 0) return "with a whole document that is missing";
  }
  return undefined;
}
