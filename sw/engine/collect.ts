/** What the dirty documents have that the bucket has not: the next publication, before it is one. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { objectBytesMax } from "../../shared/codecs/envelope.ts";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents } from "./documents.ts";
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
}

export interface CollectorParts {
  readonly documents: Documents;
  readonly dirty: DirtySet;
  readonly frontier: Frontier;
  readonly problems: Problems;
}

export function createCollector(parts: CollectorParts): Collector {
  const { documents, dirty, frontier, problems } = parts;
  /** Documents too large to publish, by the mark they had: looked at again when they change. */
  const oversized = new Map<DocumentId, number>();

  const isOversized = (id: DocumentId): boolean =>
    oversized.has(id) && oversized.get(id) === dirty.version(id);

  return {
    get outstanding() {
      return dirty.ids().filter((id) => !isOversized(id)).length;
    },
    async collect(replica) {
      const packedDocuments: PackedDocument[] = [];
      const moves: FrontierMove[] = [];
      const settled: DocumentId[] = [];
      let bytes = 0;
      for (const id of dirty.ids()) {
        if (isOversized(id)) continue;
        if (bytes > publicationBytesMax)
          return { documents: packedDocuments, moves, settled, more: true };
        const version = dirty.version(id);
        const handle = await documents.open(id);
        if (!handle.isReady()) {
          // Marked, but its change never reached the disk: there is nothing to publish.
          if (!(await documents.isStored(id))) settled.push(id);
          continue;
        }
        const heads = await documents.store(handle);
        // It keeps changing; what is not on disk yet is not published.
        if (heads === undefined || !sameHeads(heads, headsOf(handle))) continue;
        const packed = packNews(handle, frontier.known(id), heads);
        if (packed === undefined) {
          settled.push(id);
          continue;
        }
        const size = packed.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        if (size > documentBytesMax && version !== undefined) {
          oversized.set(id, version);
          const why = new PresyncError("too-large", "a document too large to publish", { key: id });
          problems.report(`size/${id}`, why);
          continue;
        }
        problems.resolve(`size/${id}`);
        bytes += size;
        packedDocuments.push(packed);
        moves.push({ id, replica, heads });
      }
      return { documents: packedDocuments, moves, settled, more: false };
    },
  };
}
