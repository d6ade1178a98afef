/**
 * News from peers: changes that another replica sent over a channel before they were in the bucket. They are news like
 * a tab's: stored, dirty, and published from here if nobody else does. The frontier is not moved by them: it knows what
 * is in the bucket, and nobody knows that of these.
 *
 * Who made them is about to publish them. So a document that holds nothing else beyond the bucket is held back as long as
 * none of it has waited for some seconds; then what has not been read from the bucket is published from here as well.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Pack, PackedDocument } from "../../shared/codecs/pack.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Changes } from "../../shared/wire.ts";
import type { AnyDoc } from "./chunks.ts";
import { concatenate, hasAll, hashesOf } from "./chunks.ts";
import type { DirtySet } from "./dirty-set.ts";
import { dirtyKey } from "./dirty-set.ts";
import type { Documents, Handle } from "./documents.ts";
import { changesBeyond, headsOf } from "./documents.ts";
import type { Frontier, Heads } from "./frontier.ts";
import type { Inbox, InboxBatch, InboxEntry } from "./inbox.ts";
import { packNews } from "./packing.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { World } from "./world.ts";

/** Several attempts of a store that answers slowly; what waits is on two devices' disks. */
const holdMsMin = 8_000;
/** Of several receivers one publishes first, and the others read that. */
const holdSpreadMs = 6_000;

const sourceBytes = 8;

/** What a peer has sent of a document. */
export interface FromPeer {
  readonly from: ReplicaId;
  readonly document: PackedDocument;
}

export type Reception =
  /** In the document, which is open, and on disk. */
  | "applied"
  /** In the inbox of a document that is not open. */
  | "kept"
  /** It was there before. */
  | "known"
  /** It builds on others that are not here, is of a document that is not, or is no change: the bucket brings what there is. */
  | "ignored";

export interface PeerNews {
  /**
   * What an open document has beyond the bucket and beyond `known`, which the receiver has; null where that is nothing,
   * or where the document is not open.
   */
  take(id: DocumentId, known: Heads): Promise<PackedDocument | null>;
  /** Open documents that have something the bucket lacks. */
  outstanding(): DocumentId[];
  /**
   * Takes in what peers have sent of this document: all at once, since it costs in proportion to the document. `shown`
   * gets what is in an open document now, as soon as it is. Resolves, with what became of each, once it is on disk.
   */
  receive(
    id: DocumentId,
    publications: readonly FromPeer[],
    shown: (changes: Changes) => void,
  ): Promise<readonly Reception[]>;
  /** Until when a document may wait to be published that is being stored; 0 where it holds more than news from peers. */
  heldUntil(id: DocumentId): number;
  /** The same, of any document, given what it holds and what is known to be in the bucket. */
  restUntil(id: DocumentId, doc: AnyDoc, known: Heads): number;
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

/** A publication that holds changes. */
interface Legible extends FromPeer {
  readonly heads: Heads;
  readonly hashes: readonly string[];
}

/** Changes that came together, as far as they are not known to be in the bucket, and until when they may wait for it. */
interface Held {
  readonly hashes: Set<string>;
  readonly until: number;
}

export function createPeerNews(parts: PeerNewsParts): PeerNews {
  const { world, disk, documents, dirty, frontier, inbox } = parts;
  const { clock, random } = world;
  const held = new Map<DocumentId, readonly Held[]>();
  /** Numbers of an earlier incarnation may be in the inbox. */
  let source: string | null = null;
  let count = 0;

  const holdEnd = (): number => clock.now() + holdMsMin + random.uniform() * holdSpreadMs;

  const note = (id: DocumentId, hashes: readonly string[]): void => {
    const before = held.get(id) ?? [];
    // Who sends it once more makes nobody wait longer.
    const fresh = hashes.filter((hash) => !before.some((other) => other.hashes.has(hash)));
    if (fresh.length > 0) held.set(id, [...before, { hashes: new Set(fresh), until: holdEnd() }]);
  };

  const restUntil = (id: DocumentId, doc: AnyDoc, known: Heads): number => {
    const all = held.get(id);
    if (all === undefined) return 0;
    const beyond = new Set(changesBeyond(doc, known));
    // What has been read from the bucket meanwhile is no reason to wait.
    for (const { hashes } of all)
      for (const hash of hashes) if (!beyond.has(hash)) hashes.delete(hash);
    const now = clock.now();
    // Nor is what has waited long enough, or seems to wait for longer than anything may: then the clock was set back.
    const rest = all.filter(
      ({ hashes, until }) =>
        hashes.size > 0 && until > now && until <= now + holdMsMin + holdSpreadMs,
    );
    if (rest.length === 0) held.delete(id);
    else held.set(id, rest);
    const waiting = rest.reduce((sum, { hashes }) => sum + hashes.size, 0);
    if (waiting === 0 || waiting < beyond.size) return 0;
    return rest.reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY);
  };

  const apply = async (
    handle: Handle,
    publications: readonly Legible[],
    shown: (changes: Changes) => void,
  ): Promise<ReadonlyMap<FromPeer, Reception>> => {
    const id = handle.documentId;
    // The mark that precedes the storing asks for it.
    await frontier.known(id);
    const before = handle.doc();
    const fresh = publications.filter(({ heads }) => !hasAll(before, heads));
    const receptions = new Map<FromPeer, Reception>(publications.map((each) => [each, "known"]));
    if (fresh.length === 0) return receptions;
    // What this device made itself does not wait, although a peer has it too.
    const others = fresh.flatMap(({ hashes }) => hashes).filter((hash) => !hasAll(before, [hash]));
    note(id, others);
    const chunks = fresh.flatMap(({ document }) => document.chunks);
    handle.update((doc) => tryLoad(doc, chunks));
    const applied = fresh.filter(({ heads }) => hasAll(handle.doc(), heads));
    for (const each of fresh) receptions.set(each, applied.includes(each) ? "applied" : "ignored");
    if (applied.length === 0) return receptions;
    shown({
      documentId: id,
      bytes: concatenate(applied.flatMap(({ document }) => document.chunks)),
      heads: [...new Set(applied.flatMap(({ heads }) => heads))],
    });
    await documents.store(handle);
    return receptions;
  };

  const keep = async (
    id: DocumentId,
    publications: readonly Legible[],
  ): Promise<ReadonlyMap<FromPeer, Reception>> => {
    const isHere = inbox.has(id) || (await documents.storedChunks(id)).length > 0;
    if (!isHere || publications.length === 0) return new Map();
    // What it is marked for otherwise goes out soon, and this with it.
    const isDueAnyway = dirty.has(id) && !held.has(id);
    if (!isDueAnyway)
      note(
        id,
        publications.flatMap(({ hashes }) => hashes),
      );
    const batch = toInbox(publications);
    // The mark comes along: who is killed after this publishes it all the same.
    await disk.commit({ ...batch, put: { ...batch.put, [dirtyKey(id)]: true } });
    parts.received(inbox.accept(batch));
    // Marked again once it is in the inbox: who looks before that finds nothing to publish, and cleans the mark.
    await dirty.markAll([id], {}, holdEnd());
    return new Map(publications.map((each) => [each, "kept"]));
  };

  const toInbox = (publications: readonly Legible[]): InboxBatch => {
    source ??= `peer-${bytesToHex(random.bytes(sourceBytes))}`;
    const put: Record<string, InboxEntry> = {};
    // Each has a number of its own, so it takes the place of nothing.
    for (const { from, document } of publications) {
      count++;
      const pack: Pack = { first: count, last: count, documents: [document] };
      Object.assign(put, inbox.toWrite(from, source, pack).put);
    }
    return { put, remove: [] };
  };

  return {
    async take(id, known) {
      const inBucket = await frontier.known(id);
      const handle = documents.loaded(id);
      if (handle === undefined) return null;
      return packNews(id, handle.doc(), [...inBucket, ...known], headsOf(handle)) ?? null;
    },
    outstanding: () => dirty.ids().filter((id) => documents.loaded(id) !== undefined),
    async receive(id, all, shown) {
      const publications = all.map(readPublication);
      const legible = publications.filter((each) => each !== null);
      const handle = documents.loaded(id);
      const receptions =
        handle === undefined ? await keep(id, legible) : await apply(handle, legible, shown);
      return publications.map((each) => (each && receptions.get(each)) ?? "ignored");
    },
    heldUntil(id) {
      const handle = documents.loaded(id);
      const known = frontier.remembered(id);
      if (handle === undefined || known === undefined) return 0;
      return restUntil(id, handle.doc(), known);
    },
    restUntil,
  };
}

/** Null where it holds no changes. */
function readPublication(publication: FromPeer): Legible | null {
  const { chunks, heads } = publication.document;
  const hashes = chunks.map((chunk) => hashesOf(chunk));
  if (hashes.includes(undefined)) return null;
  return {
    ...publication,
    heads: heads.map((head) => bytesToHex(head)),
    hashes: hashes.flatMap((some) => some ?? []),
  };
}

/**
 * What it could not take shows in what the document has afterwards. One that cannot be loaded with the others must not
 * keep those out.
 */
function tryLoad<T>(doc: A.Doc<T>, chunks: readonly Uint8Array[]): A.Doc<T> {
  try {
    return A.loadIncremental(doc, concatenate(chunks));
  } catch {
    return chunks.length === 1 ? doc : chunks.reduce((now, chunk) => tryLoad(now, [chunk]), doc);
  }
}
