/** What the dirty documents have that the bucket has not: the next publication, before it is one. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { objectBytesMax } from "../../shared/codecs/envelope.ts";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents, Handle } from "./documents.ts";
import { headsOf, sameHeads } from "./documents.ts";
import type { Frontier, FrontierMove } from "./frontier.ts";
import { packNews } from "./packing.ts";
import type { Problems } from "./problems.ts";

/** More news than this goes out in several publications, so that memory stays bounded. */
const publicationBytesMax: number = 4 * 1024 * 1024;

/** Together with what else goes out at once it must fit one object. Larger ones stay on this device. */
const documentBytesMax: number = objectBytesMax / 2;

export interface News {
  readonly documents: readonly PackedDocument[];
  /** What the publication's acknowledgement makes known. */
  readonly moves: readonly FrontierMove[];
  /** Documents that hold nothing the bucket lacks. */
  readonly settled: readonly DocumentId[];
  /** There is more than fits one publication. */
  readonly more: boolean;
}

export interface Collector {
  /** Dirty documents that can be published. */
  readonly outstanding: number;
  collect(replica: ReplicaId): Promise<News>;
  /** Takes no account of what the bucket is known to have of these, until they are acknowledged. */
  publishWhole(ids: readonly DocumentId[]): void;
  acknowledged(ids: readonly DocumentId[]): void;
}

export interface CollectorParts {
  readonly documents: Documents;
  readonly dirty: DirtySet;
  readonly frontier: Frontier;
  readonly problems: Problems;
}

export function createCollector(parts: CollectorParts): Collector {
  const { documents, dirty, frontier, problems } = parts;
  /** Documents that cannot be published, by the mark they had: looked at again when they change. */
  const refused = new Map<DocumentId, number | undefined>();
  const whole = new Set<DocumentId>();

  const isRefused = (id: DocumentId): boolean =>
    refused.has(id) && refused.get(id) === dirty.version(id);

  const refuse = (id: DocumentId, error: unknown): void => {
    refused.set(id, dirty.version(id));
    problems.report(`document/${id}`, error);
  };

  return {
    get outstanding() {
      return dirty.ids().filter((id) => !isRefused(id)).length;
    },
    publishWhole(ids) {
      for (const id of ids) whole.add(id);
    },
    acknowledged(ids) {
      for (const id of ids) whole.delete(id);
    },
    async collect(replica) {
      const packedDocuments: PackedDocument[] = [];
      const moves: FrontierMove[] = [];
      const settled: DocumentId[] = [];
      let bytes = 0;
      for (const id of dirty.ids()) {
        if (isRefused(id)) continue;
        if (bytes > publicationBytesMax)
          return { documents: packedDocuments, moves, settled, more: true };
        let handle: Handle;
        try {
          handle = await documents.open(id);
        } catch (error) {
          // One document that cannot be read must not keep the others back.
          refuse(id, error);
          continue;
        }
        if (!handle.isReady()) {
          // Marked, but its change never reached the disk: there is nothing to publish.
          if (!(await documents.isStored(id))) settled.push(id);
          continue;
        }
        const heads = await documents.store(handle);
        // It keeps changing; what is not on disk yet is not published.
        if (heads === undefined || !sameHeads(heads, headsOf(handle))) continue;
        const known = whole.has(id) ? [] : frontier.known(id);
        const packed = packNews(handle, known, heads);
        if (packed === undefined) {
          settled.push(id);
          continue;
        }
        const size = packed.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        if (size > documentBytesMax) {
          const message = "a document too large to publish";
          refuse(id, new PresyncError("too-large", message, { key: id }));
          continue;
        }
        problems.resolve(`document/${id}`);
        bytes += size;
        packedDocuments.push(packed);
        moves.push({ id, replica, heads });
      }
      return { documents: packedDocuments, moves, settled, more: false };
    },
  };
}
