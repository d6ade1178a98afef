/**
 * Documents somebody looks for and that are not here. They are answered with "there is none" only after everybody was
 * asked. A document that is known to have been here is looked for again, where it came from: a disk can lose things.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { noAnswerCodes, toErrorData } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Documents } from "./documents.ts";
import type { Frontier } from "./frontier.ts";
import type { Inbox } from "./inbox.ts";
import type { PeerReader } from "./peer-reader.ts";
import type { Problems } from "./problems.ts";
import type { Bucket } from "./world.ts";

export interface Searches {
  begin(id: DocumentId): void;
  /** It has come. */
  end(id: DocumentId): void;
  /** Something of it is known to be in the bucket, and is not here: reads it from there again. */
  vanished(id: DocumentId): Promise<void>;
  /** Answers those that can be answered now. */
  settle(): void;
}

export interface SearchesParts {
  readonly documents: Documents;
  readonly inbox: Inbox;
  readonly frontier: Frontier;
  readonly problems: Problems;
  readonly reader: PeerReader;
  readonly bucket: () => Bucket | null;
  /** Everybody has been asked; or there is nobody to ask. */
  readonly isAnswered: () => boolean;
  /** This replica is to be read again, now. */
  readonly reread: (replica: ReplicaId) => void;
  readonly unavailable: (id: DocumentId) => void;
}

export function createSearches(parts: SearchesParts): Searches {
  const { documents, inbox, frontier, problems, reader } = parts;
  const wanted = new Set<DocumentId>();
  const looking = new Set<DocumentId>();
  /** Read from the start in this incarnation: once is enough to have what there is. */
  const reread = new Set<ReplicaId>();

  const settle = (): void => {
    if (!parts.isAnswered()) return;
    for (const id of wanted) {
      if (looking.has(id)) continue;
      wanted.delete(id);
      const handle = documents.receptive(id);
      if (handle !== undefined && !handle.isReady()) parts.unavailable(id);
    }
  };

  const readAgain = async (bucket: Bucket, replica: ReplicaId): Promise<void> => {
    if (reread.has(replica)) return;
    reread.add(replica);
    try {
      if (replica === bucket.replica) return await reader.readBack(bucket);
      reader.readAnew(replica);
      parts.reread(replica);
    } catch (error) {
      reread.delete(replica);
      const { code } = toErrorData(error);
      if (!noAnswerCodes.has(code)) problems.report(`read/${replica}`, error);
    }
  };

  const vanished = async (id: DocumentId): Promise<void> => {
    const bucket = parts.bucket();
    if (bucket === null || inbox.has(id)) return;
    for (const replica of await frontier.publishers(id)) await readAgain(bucket, replica);
  };

  const look = async (id: DocumentId): Promise<void> => {
    looking.add(id);
    try {
      await vanished(id);
    } catch {
      // The disk has its own way to say so.
    } finally {
      looking.delete(id);
      settle();
    }
  };

  return {
    begin(id) {
      wanted.add(id);
      void look(id);
    },
    end: (id) => void wanted.delete(id),
    vanished,
    settle,
  };
}
