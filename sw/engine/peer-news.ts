/**
 * News from peers: changes that another replica sent over a channel before they were in the bucket. They are news like
 * a tab's: stored, dirty, and published from here if nobody else does. The frontier is not moved by them: it knows what
 * is in the bucket, and nobody knows that of these.
 *
 * Who made them is about to publish them. So a document that holds nothing else beyond the bucket is held back for some
 * seconds; then what has not been read from the bucket is published from here as well.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { isValidDocumentId } from "@automerge/automerge-repo/slim";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import { PresyncError } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { concatenate, hasAll, hashesOf } from "./chunks.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents, Handle } from "./documents.ts";
import { changesBeyond, headsOf } from "./documents.ts";
import type { Frontier, Heads } from "./frontier.ts";
import type { Inbox } from "./inbox.ts";
import { packNews, unpackDocumentId } from "./packing.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { World } from "./world.ts";

/** Several attempts of a store that answers slowly; what waits is on two devices' disks. */
const holdMsMin = 8_000;
/** Of several receivers one publishes first, and the others read that. */
const holdSpreadMs = 6_000;

const sourceBytes = 8;

export type Reception =
  /** In the document, which is open, and on disk. */
  | "applied"
  /** In the inbox of a document that is not open. */
  | "kept"
  /** It was there before. */
  | "known"
  /** They build on others that are not here, or are of a document that is not: the bucket brings them. */
  | "ignored";

export interface PeerNews {
  /**
   * What an open document has beyond the bucket and beyond `known`, which the receiver has; null where that is nothing,
   * or where the document is changing.
   */
  take(id: DocumentId, known: Heads): Promise<PackedDocument | null>;
  /** Open documents that have something the bucket lacks. */
  outstanding(): DocumentId[];
  /** Resolves once it is on disk. Throws `malformed`. `shown` is called as soon as it is in an open document. */
  receive(from: ReplicaId, packed: PackedDocument, shown: () => void): Promise<Reception>;
  /** Until when a document may wait to be published that is being stored; 0 where it holds more than news from peers. */
  heldUntil(id: DocumentId): number;
}

export interface PeerNewsParts {
  readonly world: Pick<World, "clock" | "random">;
  readonly disk: ReplicaDisk;
  readonly documents: Documents;
  readonly dirty: DirtySet;
  readonly frontier: Frontier;
  readonly inbox: Inbox;
  /** Documents have something new in the inbox. */
  readonly received: (ids: readonly DocumentId[]) => void;
}

export function createPeerNews(parts: PeerNewsParts): PeerNews {
  const { world, disk, documents, dirty, frontier, inbox } = parts;
  const { clock, random } = world;
  /** Until when each change may wait that came from a peer, as far as it is not known to be in the bucket. */
  const held = new Map<DocumentId, Map<string, number>>();
  /** Numbers of an earlier incarnation may be in the inbox. */
  let source: string | null = null;
  let count = 0;

  const holdEnd = (): number => clock.now() + holdMsMin + random.uniform() * holdSpreadMs;

  const note = (id: DocumentId, hashes: readonly string[]): void => {
    const changes = held.get(id) ?? new Map<string, number>();
    const until = holdEnd();
    for (const hash of hashes) changes.set(hash, until);
    held.set(id, changes);
  };

  const apply = async (
    handle: Handle,
    { chunks }: PackedDocument,
    heads: Heads,
    hashes: readonly string[],
    shown: () => void,
  ): Promise<Reception> => {
    const id = handle.documentId;
    // The mark that precedes the storing asks for it.
    await frontier.known(id);
    const doc = handle.doc();
    if (hasAll(doc, heads)) return "known";
    // What this device made itself does not wait, although a peer has it too.
    note(
      id,
      hashes.filter((hash) => !hasAll(doc, [hash])),
    );
    handle.update((before) => tryLoad(before, chunks));
    if (!hasAll(handle.doc(), heads)) return "ignored";
    shown();
    await documents.store(handle);
    return "applied";
  };

  const keep = async (
    from: ReplicaId,
    id: DocumentId,
    packed: PackedDocument,
  ): Promise<Reception> => {
    const isHere = inbox.has(id) || (await documents.storedChunks(id)).length > 0;
    if (!isHere) return "ignored";
    source ??= `peer-${bytesToHex(random.bytes(sourceBytes))}`;
    count++;
    const batch = inbox.toWrite(from, source, { first: count, last: count, documents: [packed] });
    await disk.commit(batch);
    parts.received(inbox.accept(batch));
    // Marked once it is in the inbox: who looks before that finds nothing to publish, and cleans the mark.
    await dirty.markAll([id], {}, holdEnd());
    return "kept";
  };

  return {
    async take(id, known) {
      const inBucket = await frontier.known(id);
      const handle = documents.loaded(id);
      if (handle === undefined) return null;
      return packNews(id, handle.doc(), [...inBucket, ...known], headsOf(handle)) ?? null;
    },
    outstanding: () => dirty.ids().filter((id) => documents.loaded(id) !== undefined),
    async receive(from, packed, shown) {
      const id = unpackDocumentId(packed.documentId);
      const hashes = packed.chunks.map((chunk) => hashesOf(chunk));
      if (!isValidDocumentId(id) || hashes.includes(undefined))
        throw new PresyncError("malformed", "a publication that holds no changes");
      const heads = packed.heads.map((head) => bytesToHex(head));
      const handle = documents.loaded(id);
      if (handle === undefined) return keep(from, id, packed);
      return apply(
        handle,
        packed,
        heads,
        hashes.flatMap((some) => some ?? []),
        shown,
      );
    },
    heldUntil(id) {
      const changes = held.get(id);
      const handle = documents.loaded(id);
      const known = frontier.remembered(id);
      if (changes === undefined || handle === undefined || known === undefined) return 0;
      const beyond = new Set(changesBeyond(handle.doc(), known));
      // What has been read from the bucket meanwhile is no reason to wait.
      for (const hash of changes.keys()) if (!beyond.has(hash)) changes.delete(hash);
      if (changes.size === 0) held.delete(id);
      return changes.size < beyond.size ? 0 : Math.min(...changes.values(), holdEnd());
    },
  };
}

/** What it could not take shows in what the document has afterwards. */
function tryLoad<T>(doc: A.Doc<T>, chunks: readonly Uint8Array[]): A.Doc<T> {
  try {
    return A.loadIncremental(doc, concatenate(chunks));
  } catch {
    return doc;
  }
}
