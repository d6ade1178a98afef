/**
 * What the dirty documents have that the bucket has not: the next publication, before it is one. Documents that
 * are open are taken from memory, after they have been stored; all others from storage and inbox, without opening
 * them: ten thousand documents are published one after the other, and none stays in memory.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { objectBytesMax } from "../../shared/codecs/envelope.ts";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { PresyncError, toErrorData } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { AnyDoc } from "./chunks.ts";
import { hasAll, withDocument } from "./chunks.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents } from "./documents.ts";
import { headsOf, sameHeads, sortedHeads } from "./documents.ts";
import type { Frontier, FrontierMove, Heads } from "./frontier.ts";
import type { Inbox } from "./inbox.ts";
import { packNews } from "./packing.ts";
import type { Problems } from "./problems.ts";
import type { Clock } from "./world.ts";

/** More news than this goes out in several publications, so that memory stays bounded. */
const publicationBytesMax: number = 4 * 1024 * 1024;

/** What is wrong with the disk or with this incarnation is not wrong with the document. */
const passingCodes: ReadonlySet<ErrorCode> = new Set([
  "disk-failed",
  "disk-full",
  "superseded",
  "closed",
]);

/** Together with what else goes out at once it must fit one object. Larger ones stay on this device. */
const documentBytesMax: number = objectBytesMax / 2;

export interface News {
  readonly documents: readonly PackedDocument[];
  /** What the publication's acknowledgement makes known. */
  readonly moves: readonly FrontierMove[];
  /** Documents that hold nothing the bucket lacks. */
  readonly settled: readonly DocumentId[];
  /** There is more: it does not fit one publication, or is not to be published yet. */
  readonly more: boolean;
}

export interface Collector {
  /** Whether a dirty document can be published at this time. */
  isOutstanding(now: number): boolean;
  /** When those may be published that are held then; null where none is. */
  nextAt(now: number): number | null;
  collect(replica: ReplicaId): Promise<News>;
}

export interface CollectorParts {
  readonly clock: Clock;
  readonly documents: Documents;
  readonly dirty: DirtySet;
  readonly frontier: Frontier;
  readonly inbox: Inbox;
  readonly problems: Problems;
  /** Until when what a document has beyond `known` may wait; 0 where some of it may not. */
  readonly restUntil: (id: DocumentId, doc: AnyDoc, known: Heads) => number;
  /** A document lacks something that this replica has published. */
  readonly vanished: (id: DocumentId) => void;
}

interface InBucket {
  readonly known: Heads;
  /** By this replica itself. */
  readonly published: Heads;
}

/** Whoever made it is about to publish it. */
interface HeldBack {
  readonly heldUntil: number;
}

/** `settled`: nothing to publish. Undefined: not now, it is changing. */
type Found = PackedDocument | HeldBack | "settled" | undefined;

export function createCollector(parts: CollectorParts): Collector {
  const { clock, documents, dirty, frontier, inbox, problems } = parts;
  /** Documents that cannot be published, by the mark they had: looked at again when they change. */
  const refused = new Map<DocumentId, number | undefined>();

  const isRefused = (id: DocumentId): boolean =>
    refused.has(id) && refused.get(id) === dirty.version(id);

  const refuse = (id: DocumentId, error: unknown): void => {
    refused.set(id, dirty.version(id));
    problems.report(`document/${id}`, error);
  };

  const newsOf = (
    id: DocumentId,
    doc: AnyDoc,
    { known, published }: InBucket,
    heads: Heads,
  ): Found => {
    // What was published before goes on counting, also where the document does not have it (yet, or any more).
    const kept = published.filter((head) => !hasAll(doc, [head]));
    if (kept.length > 0) parts.vanished(id);
    const heldUntil = parts.restUntil(id, doc, known);
    if (heldUntil > clock.now()) return { heldUntil };
    const packed = packNews(id, doc, known, [...heads, ...kept].toSorted());
    if (packed === undefined) return "settled";
    const size = packed.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (size <= documentBytesMax) return packed;
    throw new PresyncError("too-large", "a document too large to publish", { key: id });
  };

  const look = async (id: DocumentId, replica: ReplicaId): Promise<Found> => {
    const known: InBucket = {
      known: await frontier.known(id),
      published: await frontier.publishedHeads(id, replica),
    };
    const handle = documents.loaded(id);
    if (handle !== undefined) {
      const heads = await documents.store(handle);
      // It keeps changing; what is not on disk yet is not published.
      if (heads === undefined || !sameHeads(heads, headsOf(handle))) return undefined;
      return newsOf(id, handle.doc(), known, heads);
    }
    const chunks = await documents.storedChunks(id);
    // Marked, but its change never reached the disk, and nothing came from others: nothing to publish.
    if (chunks.length === 0 && !inbox.has(id)) return "settled";
    const waiting = await inbox.chunksOf(id);
    frontier.forget(id);
    try {
      return withDocument([...chunks, ...waiting], (doc) => {
        const heads = sortedHeads(doc);
        if (heads.length > 0) return newsOf(id, doc, known, heads);
        if (chunks.length === 0) return "settled";
        throw new PresyncError("malformed", "a stored document without content", { key: id });
      });
    } catch (cause) {
      if (cause instanceof PresyncError) throw cause;
      throw new PresyncError("malformed", "a stored document cannot be read", { key: id, cause });
    }
  };

  return {
    isOutstanding(now) {
      for (const id of dirty.due(now)) if (!isRefused(id)) return true;
      return false;
    },
    nextAt: (now) => dirty.nextAt(now),
    async collect(replica) {
      const packedDocuments: PackedDocument[] = [];
      const moves: FrontierMove[] = [];
      const settled: DocumentId[] = [];
      let bytes = 0;
      let isLeft = false;
      const news = (more: boolean): News => ({ documents: packedDocuments, moves, settled, more });
      // Those that are marked while this goes on are for the next one.
      const due = [...dirty.due(clock.now())];
      for (const id of due) {
        if (isRefused(id)) continue;
        if (bytes > publicationBytesMax) return news(true);
        try {
          const version = dirty.version(id);
          const found = await look(id, replica);
          if (found === undefined) {
            isLeft = true;
            continue;
          }
          problems.resolve(`document/${id}`);
          if (found === "settled") {
            settled.push(id);
            continue;
          }
          if ("heldUntil" in found) {
            dirty.hold(id, version, found.heldUntil);
            isLeft = true;
            continue;
          }
          const { heads, chunks, whole } = found;
          bytes += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
          packedDocuments.push(found);
          moves.push({
            id,
            replica,
            heads: heads.map((head) => bytesToHex(head)),
            complete: whole,
          });
        } catch (error) {
          if (passingCodes.has(toErrorData(error).code)) throw error;
          // One document that cannot be read must not keep the others back.
          refuse(id, error);
        }
      }
      return news(isLeft);
    },
  };
}
