/**
 * What is stored here and not yet in the bucket goes to the open channels at once: to each what it has not been sent and
 * has not sent itself. Nothing rests on it: what gets lost comes through the bucket.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Heads } from "../engine/frontier.ts";
import { unpackDocumentId } from "../engine/packing.ts";
import type { PeerNews } from "../engine/peer-news.ts";
import type { Sent } from "./peer-link.ts";

/** Heads beyond these are forgotten: then something is sent a second time. */
const headsMax = 16;

/** Whoever comes gets what is open here, and not a library of thousands. */
const greetingDocumentsMax = 64;

export interface Publications {
  /** A document with changes of this device's is on disk. */
  stored(id: DocumentId, peers: readonly ReplicaId[]): void;
  /** A channel is open: the other one may lack what was made before. */
  opened(peer: ReplicaId): void;
  /** It sent this, so it has it. */
  received(peer: ReplicaId, document: PackedDocument): void;
  /** What it was sent may have got lost, or the channel is closed. */
  forget(peer: ReplicaId): void;
}

export interface PublicationsParts {
  readonly news: Pick<PeerNews, "take" | "outstanding">;
  readonly send: (to: ReplicaId, document: PackedDocument) => Sent;
}

export function createPublications({ news, send }: PublicationsParts): Publications {
  const known = new Map<ReplicaId, Map<DocumentId, Heads>>();
  /** One after the other for each document: else two would be computed from the same beginning. */
  const turns = new Map<DocumentId, Promise<void>>();
  const waiting = new Map<DocumentId, Set<ReplicaId>>();

  const note = (peer: ReplicaId, id: DocumentId, heads: Heads): void => {
    const documents = known.get(peer) ?? new Map<DocumentId, Heads>();
    known.set(peer, documents.set(id, heads.slice(-headsMax)));
  };

  const publish = async (id: DocumentId): Promise<void> => {
    const peers = waiting.get(id) ?? [];
    waiting.delete(id);
    /** Who knows the same gets the same. */
    const taken = new Map<string, Promise<PackedDocument | null>>();
    for (const peer of peers) {
      const heads = known.get(peer)?.get(id) ?? [];
      const key = heads.toSorted().join();
      const taking = taken.get(key) ?? news.take(id, heads);
      taken.set(key, taking);
      const document = await taking;
      // What cannot be sent is too large, and left to the bucket: what comes after it is not, and finds it there.
      if (document !== null && send(peer, document) !== "closed") note(peer, id, headsOf(document));
    }
  };

  const offer = (peer: ReplicaId, id: DocumentId): void => {
    const peers = waiting.get(id);
    // It is computed when its turn comes, and then holds this as well.
    if (peers !== undefined) return void peers.add(peer);
    waiting.set(id, new Set([peer]));
    const turn = (turns.get(id) ?? Promise.resolve())
      .then(() => publish(id))
      // A document that cannot be read is reported where it is published.
      .catch(() => undefined)
      .finally(() => {
        if (turns.get(id) === turn) turns.delete(id);
      });
    turns.set(id, turn);
  };

  return {
    stored(id, peers) {
      for (const peer of peers) offer(peer, id);
    },
    opened(peer) {
      for (const id of news.outstanding().slice(0, greetingDocumentsMax)) offer(peer, id);
    },
    received(peer, document) {
      const id = unpackDocumentId(document.documentId);
      const before = known.get(peer)?.get(id) ?? [];
      note(peer, id, [...new Set([...before, ...headsOf(document)])]);
    },
    forget: (peer) => void known.delete(peer),
  };
}

function headsOf({ heads }: PackedDocument): Heads {
  return heads.map((head) => bytesToHex(head));
}
