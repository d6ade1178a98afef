/**
 * A pack: the news about some documents, over a range of publications of one replica. The manifest carries one
 * as its tail, and a segment is one.
 *
 *     count | table of contents, per document: id (16) | flags (1) | dataVersion | heads | chunk sizes
 *           | the chunks, in the order of the table
 *
 * A chunk is an Automerge bundle, or with the flag `whole` a saved document. Chunks of one document are
 * independent pieces of its history, in any order; applying one twice does no harm.
 */
import { PresyncError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

export const documentIdBytes = 16;
/** Length of a change hash. */
export const headBytes = 32;

/** A document has one head per writer that has not seen the others: far fewer than this. */
const headsMax = 4096;
const chunksMax = 65_536;
/** What one object may make a reader hold, whatever its bytes unpack to. */
const documentsMax = 100_000;
const packChunksMax = 200_000;

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

/** The publications `first` to `last` (both included); empty when `last` is `first - 1`. */
export interface Pack {
  readonly first: number;
  readonly last: number;
  readonly documents: readonly PackedDocument[];
}

const flagWhole = 1;

export function writePack(out: ByteWriter, { first, last, documents }: Pack): void {
  out.varint(first);
  out.varint(last - first + 1);
  out.list(documents, (document) => {
    out.raw(document.documentId);
    out.byte(document.whole ? flagWhole : 0);
    out.varint(document.dataVersion);
    out.list(document.heads, (head) => out.raw(head));
    out.list(document.chunks, (chunk) => out.varint(chunk.length));
  });
  for (const { chunks } of documents) for (const chunk of chunks) out.raw(chunk);
}

export function readPack(reader: ByteReader): Pack {
  const first = reader.varint();
  const last = first + reader.varint() - 1;
  if (first < 1 || !Number.isSafeInteger(last))
    throw new PresyncError("malformed", "a pack with an impossible range of publications");
  const table = reader.list(documentsMax, () => ({
    documentId: reader.raw(documentIdBytes).slice(),
    flags: reader.byte(),
    dataVersion: reader.varint(),
    heads: reader.list(headsMax, () => reader.raw(headBytes).slice()),
    sizes: reader.list(chunksMax, () => chunkSize(reader)),
  }));
  const count = table.reduce((sum, { sizes }) => sum + sizes.length, 0);
  if (count > packChunksMax) throw new PresyncError("malformed", "a pack of too many chunks");
  const documents = table.map(({ documentId, flags, dataVersion, heads, sizes }) => {
    if ((flags & ~flagWhole) !== 0)
      throw new PresyncError("malformed", "a pack with a flag this format does not have");
    const chunks = sizes.map((size) => reader.raw(size).slice());
    return { documentId, whole: flags === flagWhole, dataVersion, heads, chunks };
  });
  return { first, last, documents };
}

/** Every chunk has bytes: so there are no more chunks than bytes. */
function chunkSize(reader: ByteReader): number {
  const size = reader.varint();
  if (size === 0) throw new PresyncError("malformed", "a pack with an empty chunk");
  return size;
}
