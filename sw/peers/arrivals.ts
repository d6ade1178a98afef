/**
 * What peers send of each document, until it is taken in: all that waits of it, from whomever, at once. To apply costs in
 * proportion to the document and not to the change, here and in every tab; so the first is taken at once, and what comes
 * while others type waits for its turn.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { isValidDocumentId } from "@automerge/automerge-repo/slim";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import type { Changes } from "../../shared/wire.ts";
import { applyPauseMs } from "../engine/apply-pause.ts";
import { unpackDocumentId } from "../engine/packing.ts";
import { pause } from "../engine/pause.ts";
import type { FromPeer, PeerNews } from "../engine/peer-news.ts";
import type { World } from "../engine/world.ts";

/** Of one document: what comes beyond that is left to the bucket. */
export const waitingBytesMax: number = 4 * 1024 * 1024;

export interface Arrivals {
  add(publication: FromPeer): void;
  /** What waits is left to the bucket, as is what comes. */
  close(): void;
}

export interface ArrivalsParts {
  readonly world: Pick<World, "clock" | "timers">;
  readonly receive: PeerNews["receive"];
  /** Changes are in an open document. */
  readonly shown: (changes: Changes) => void;
  /** It is on this device now, or was there before. */
  readonly taken: (publication: FromPeer) => void;
}

interface Queue {
  waiting: FromPeer[];
  bytes: number;
}

export function createArrivals({ world, receive, shown, taken }: ArrivalsParts): Arrivals {
  const { clock, timers } = world;
  const queues = new Map<DocumentId, Queue>();
  let isClosed = false;

  /** Returns how long applying took: what the disk takes is no burden on who else has something to do. */
  const takeAll = async (id: DocumentId, publications: readonly FromPeer[]): Promise<number> => {
    const startedAt = clock.now();
    let tookMs: number | undefined;
    const receptions = await receive(id, publications, (changes) => {
      shown(changes);
      tookMs = clock.now() - startedAt;
    });
    for (const [index, publication] of publications.entries())
      if (receptions[index] !== "ignored") taken(publication);
    return tookMs ?? clock.now() - startedAt;
  };

  const run = async (id: DocumentId, queue: Queue): Promise<void> => {
    while (queue.waiting.length > 0) {
      const publications = queue.waiting;
      [queue.waiting, queue.bytes] = [[], 0];
      // A disk that does not take it: the bucket brings what there is.
      const tookMs = await takeAll(id, publications).catch(() => 0);
      await pause(timers, applyPauseMs(tookMs));
    }
    queues.delete(id);
  };

  return {
    add(publication) {
      const id = unpackDocumentId(publication.document.documentId);
      if (isClosed || !isValidDocumentId(id)) return;
      const queue = queues.get(id) ?? { waiting: [], bytes: 0 };
      const bytes = bytesOf(publication.document);
      if (queue.bytes + bytes > waitingBytesMax) return;
      queue.waiting.push(publication);
      queue.bytes += bytes;
      if (queues.has(id)) return;
      queues.set(id, queue);
      void run(id, queue);
    },
    close() {
      isClosed = true;
      for (const queue of queues.values()) queue.waiting = [];
    },
  };
}

function bytesOf({ chunks }: PackedDocument): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
