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

/** A person who types makes some ten a second; the oldest are in the bucket by then, or are published from here. */
const remembered = 256;

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

interface Received {
  readonly heads: Heads;
  readonly receivedAt: number;
  readonly holdMs: number;
}

export function createPeerNews(parts: PeerNewsParts): PeerNews {
  const { world, disk, documents, dirty, frontier, inbox } = parts;
  const { clock, random } = world;
  const held = new Map<DocumentId, readonly Received[]>();
  /** Numbers of an earlier incarnation may be in the inbox. */
  let source: string | null = null;
  let count = 0;

  const note = (id: DocumentId, heads: Heads): Received => {
    const holdMs = holdMsMin + random.uniform() * holdSpreadMs;
    const received = { heads, receivedAt: clock.now(), holdMs };
    held.set(id, [...(held.get(id) ?? []), received].slice(-remembered));
    return received;
  };

  const forget = (id: DocumentId, received: Received): void => {
    const rest = (held.get(id) ?? []).filter((other) => other !== received);
    if (rest.length === 0) held.delete(id);
    else held.set(id, rest);
  };

  const apply = async (
    handle: Handle,
    heads: Heads,
    chunks: readonly Uint8Array[],
    shown: () => void,
  ): Promise<Reception> => {
    const id = handle.documentId;
    // The mark that precedes the storing asks for it.
    await frontier.known(id);
    if (hasAll(handle.doc(), heads)) return "known";
    const received = note(id, heads);
    handle.update((doc) => tryLoad(doc, chunks));
    if (!hasAll(handle.doc(), heads)) {
      forget(id, received);
      return "ignored";
    }
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
    await dirty.markAll([id], {}, clock.now() + holdMsMin + random.uniform() * holdSpreadMs);
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
      if (!isValidDocumentId(id) || packed.chunks.some((chunk) => hashesOf(chunk) === undefined))
        throw new PresyncError("malformed", "a publication that holds no changes");
      const heads = packed.heads.map((head) => bytesToHex(head));
      const handle = documents.loaded(id);
      if (handle === undefined) return keep(from, id, packed);
      return apply(handle, heads, packed.chunks, shown);
    },
    heldUntil(id) {
      const all = held.get(id);
      const handle = documents.loaded(id);
      const known = frontier.remembered(id);
      if (all === undefined || handle === undefined || known === undefined) return 0;
      const beyond = new Set(changesBeyond(handle.doc(), known));
      // What has been read from the bucket meanwhile is no reason to wait.
      const open = all.filter(({ heads }) => heads.some((head) => beyond.has(head)));
      if (open.length === 0) held.delete(id);
      else held.set(id, open);
      const [oldest] = open;
      const foreign = open.flatMap(({ heads }) => heads);
      if (oldest === undefined) return 0;
      if (changesBeyond(handle.doc(), [...known, ...foreign]).length > 0) return 0;
      // A clock that was set back holds nothing for longer.
      return Math.min(oldest.receivedAt, clock.now()) + oldest.holdMs;
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
