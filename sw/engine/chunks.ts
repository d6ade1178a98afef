/** Chunks, the pieces of a document's history that travel: whole saved documents and bundles of changes. */
import * as A from "@automerge/automerge/slim";

/** A document, whatever is in it. */
export type AnyDoc = object;

export function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Of a chunk's header (https://automerge.org/automerge-binary-format-spec/): after magic and checksum. */
const chunkTypeAt = 8;
const documentType = 0;
const bundleType = 3;

/**
 * The hashes of the changes in a chunk; undefined where it is neither a bundle nor a document. The type is looked at
 * first: `readBundle` of Automerge 3.5 takes some saved documents for bundles without changes.
 */
export function hashesOf(chunk: Uint8Array): string[] | undefined {
  try {
    const type = chunk[chunkTypeAt];
    if (type === bundleType) return A.readBundle(chunk).changes.map(({ hash }) => hash);
    return type === documentType ? withDocument([chunk], changeHashes) : undefined;
  } catch {
    return undefined;
  }
}

/** An actor that makes no changes need not be random; and what is cut off hides nothing of what is not. */
const inspected = { actor: "00", allowMissingChanges: true };

/**
 * Runs `action` on a document made of these chunks and of nothing else, which it must not change, and gives its memory
 * back. Throws where the chunks are no document at all; what they lack, or hold damaged, is not in it.
 */
export function withDocument<T>(chunks: readonly Uint8Array[], action: (doc: AnyDoc) => T): T {
  const doc = A.load<AnyDoc>(concatenate(chunks), inspected);
  try {
    return action(doc);
  } finally {
    A.free(doc);
  }
}

export function changeHashes(doc: AnyDoc): string[] {
  return A.getChangesMetaSince(doc, []).map(({ hash }) => hash);
}

/**
 * Whether the document has all these changes. (`hasHeads` of Automerge 3.5 encodes each of them to find out: 100 ms for
 * a paste of 200 kB.)
 */
export function hasAll(doc: AnyDoc, hashes: readonly string[]): boolean {
  const backend = A.getBackend(doc);
  return hashes.every((hash) => backend.getChangeMetaByHash(hash) !== null);
}
