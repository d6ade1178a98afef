/**
 * Which changes some bytes hold, by document: of the bucket, as a reader who trusts its manifests would find them, and
 * of a device's disks. What was decoded once is remembered, for chunks do not change.
 */
import { createHash } from "node:crypto";
import * as A from "@automerge/automerge/slim";
import { interpretAsDocumentId } from "@automerge/automerge-repo/slim";
import type { BinaryDocumentId } from "@automerge/automerge-repo/slim";
import type { Pack } from "../../shared/codecs/pack.ts";
import { manifestName, segmentName } from "../../shared/keys.ts";
import type { StoredObject } from "./bucket-model.ts";
import type { Values } from "./durable-map.ts";
import { storageSeparator } from "./storage-model.ts";

/** A change, as far as a judge cares. */
export interface KnownChange {
  readonly hash: string;
  readonly actor: string;
  readonly seq: number;
  /** The changes it builds on. */
  readonly deps: readonly string[];
}

export type Changes = Map<string, Set<string>>;

export interface Contents {
  /** What a chunk holds; nothing where it is none. */
  changesOf(chunk: Uint8Array): readonly KnownChange[];
  /** The changes that the manifest below a prefix leads to. */
  ofPrefix(objects: ReadonlyMap<string, StoredObject>, into: Changes): void;
  /** The changes in all objects below a prefix, whether or not a manifest names them. */
  ofObjects(objects: ReadonlyMap<string, StoredObject>, into: Changes): void;
  /** The changes of all documents in a Repo's storage; returns the keys under which there are none. */
  ofStorage(values: Values, into: Changes): string[];
  /** What waits in an engine's inbox. */
  ofInbox(values: Values, into: Changes): void;
}

/** `seen` is told of every change once. */
export function createContents(
  seen: (document: string, changes: readonly KnownChange[]) => void,
): Contents {
  const decoded = new Map<string, readonly KnownChange[]>();
  /** The same by identity, which costs nothing: what is stored is never changed in place. */
  const known = new WeakMap<Uint8Array, readonly KnownChange[]>();

  const changesOf = (chunk: Uint8Array): readonly KnownChange[] => {
    const before = known.get(chunk);
    if (before !== undefined) return before;
    const name = createHash("sha1").update(chunk).digest("base64");
    const changes = decoded.get(name) ?? decode(chunk);
    decoded.set(name, changes);
    known.set(chunk, changes);
    return changes;
  };

  const add = (document: string, chunk: Uint8Array, into: Changes): void => {
    const changes = changesOf(chunk);
    if (changes.length === 0) return;
    seen(document, changes);
    const hashes = into.get(document) ?? new Set<string>();
    for (const { hash } of changes) hashes.add(hash);
    into.set(document, hashes);
  };

  const addPack = ({ documents }: Pack, into: Changes): void => {
    for (const { documentId, chunks } of documents) {
      const id = interpretAsDocumentId(documentId as BinaryDocumentId);
      for (const chunk of chunks) add(id, chunk, into);
    }
  };

  return {
    changesOf,
    ofPrefix(objects, into) {
      const top = objects.get(manifestName)?.decoded;
      if (top?.kind !== "manifest") return;
      addPack(top.manifest.tail, into);
      for (const { level, slot, generation } of top.manifest.slots) {
        const found = objects.get(segmentName(level, slot))?.decoded;
        if (found?.kind === "segment" && found.generation === generation)
          addPack(found.segment.pack, into);
      }
    },
    ofObjects(objects, into) {
      for (const { decoded: object } of objects.values())
        if (object?.kind === "manifest") addPack(object.manifest.tail, into);
        else if (object?.kind === "segment") addPack(object.segment.pack, into);
    },
    ofStorage(values, into) {
      const empty: string[] = [];
      for (const [key, value] of values) {
        const [document, kind] = key.split(storageSeparator);
        if (kind !== "snapshot" && kind !== "incremental") continue;
        const chunk = value as Uint8Array;
        add(document!, chunk, into);
        if (changesOf(chunk).length === 0) empty.push(key);
      }
      return empty;
    },
    ofInbox(values, into) {
      for (const [key, value] of values) {
        const [where, document] = key.split("/");
        if (where !== "inbox") continue;
        for (const chunk of (value as { chunks: Uint8Array[] }).chunks) add(document!, chunk, into);
      }
    },
  };
}

/**
 * The type stands in the ninth byte. It must be looked at: `readBundle` finds no changes in some saved documents, and
 * does not complain.
 */
const typeAt = 8;
const documentType = 0;
const bundleType = 3;

/** Named here, so that looking draws nothing from the randomness of what is looked at. */
export const judgeActor = "ff";

function decode(chunk: Uint8Array): readonly KnownChange[] {
  try {
    if (chunk[typeAt] === bundleType) return A.readBundle(chunk).changes.map(toKnown);
    const doc = A.loadIncremental(A.init({ actor: judgeActor }), chunk);
    const all = new Map(A.getChangesMetaSince(doc, []).map((change) => [change.hash, change]));
    A.free(doc);
    // Changes whose dependencies are elsewhere are not shown; a saved document carries those that wait behind it.
    const waiting = splitChanges(chunk).filter(({ hash }) => !all.has(hash));
    return [...[...all.values()].map(toKnown), ...waiting];
  } catch {
    return [];
  }
}

function toKnown({ hash, actor, seq, deps }: Decoded): KnownChange {
  return { hash: hash ?? "", actor, seq, deps };
}

interface Decoded {
  readonly hash: string | null;
  readonly actor: string;
  readonly seq: number;
  readonly deps: readonly string[];
}

/** Magic, checksum, type: what every chunk of Automerge's format begins with; then the length as LEB128. */
const chunkHeadBytes = 9;

/** The changes of a run of chunks, one by one, but for those in saved documents. */
function splitChanges(bytes: Uint8Array): readonly KnownChange[] {
  const found: KnownChange[] = [];
  for (let at = 0; at + chunkHeadBytes < bytes.length;) {
    let [length, shift, next] = [0, 0, at + chunkHeadBytes];
    for (;;) {
      const byte = bytes[next++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      shift += 7;
      if (byte < 0x80) break;
    }
    const chunk = bytes.subarray(at, next + length);
    if (chunk[typeAt] !== documentType) found.push(toKnown(A.decodeChange(chunk)));
    at = next + length;
  }
  return found;
}
