/** The Repo's documents, as the engine uses them: by id, with heads as change hashes. */
import * as A from "@automerge/automerge/slim";
import type {
  DocHandle,
  DocumentId,
  Repo,
  StorageAdapterInterface,
} from "@automerge/automerge-repo/slim";
import { PresyncError } from "../../shared/errors.ts";
import type { Heads } from "./frontier.ts";

export type Handle = DocHandle<unknown>;

/** An edit may come while a document is being stored; a person does not type that fast five times in a row. */
const settleAttemptsMax = 5;

const receptiveStates = ["ready", "requesting", "unavailable"] as const;

export interface Documents {
  /** The handle, if the document is in memory and has content. */
  loaded(id: DocumentId): Handle | undefined;
  /**
   * The handle, if changes may be brought into it. While a document is being loaded they may not: the Repo puts
   * what it has loaded in the place of whatever is there.
   */
  receptive(id: DocumentId): Handle | undefined;
  /**
   * Loads the document where it is stored; else the handle has no content yet. Throws `malformed` where what is
   * stored cannot be read.
   */
  open(id: DocumentId): Promise<Handle>;
  /** Whether anything of it is in storage. */
  isStored(id: DocumentId): Promise<boolean>;
  /**
   * Stores the document until nothing newer is in memory, and returns the heads that are stored; undefined
   * where it kept changing.
   */
  store(handle: Handle): Promise<Heads | undefined>;
}

export function createDocuments(repo: Repo, storage: StorageAdapterInterface): Documents {
  const unreadable = new Set<DocumentId>();
  const handles = (): Partial<Record<DocumentId, Handle>> => repo.handles;
  return {
    loaded: (id) => {
      const handle = handles()[id];
      return handle?.isReady() === true ? handle : undefined;
    },
    receptive: (id) => {
      const handle = handles()[id];
      return handle?.inState([...receptiveStates]) === true ? handle : undefined;
    },
    open: async (id) => {
      const handle = handles()[id];
      // Looking again for a document that is being asked for would load it again, over what has come meanwhile.
      if (handle?.inState([...receptiveStates]) === true) return handle;
      if (unreadable.has(id)) throw unreadableError(id);
      try {
        return await repo.find(id, { allowableStates: [...receptiveStates] });
      } catch (cause) {
        // The Repo would never answer a second time.
        unreadable.add(id);
        throw unreadableError(id, cause);
      }
    },
    isStored: async (id) => (await storage.loadRange([id])).length > 0,
    async store(handle) {
      for (let attempt = 0; attempt < settleAttemptsMax; attempt++) {
        const heads = headsOf(handle);
        await repo.flush([handle.documentId]);
        if (sameHeads(heads, headsOf(handle))) return heads;
      }
      return undefined;
    },
  };
}

function unreadableError(id: DocumentId, cause?: unknown): PresyncError {
  return new PresyncError("malformed", "a stored document cannot be read", { key: id, cause });
}

export function headsOf(handle: Handle): Heads {
  return A.getHeads(handle.doc()).toSorted();
}

export function sameHeads(a: Heads, b: Heads): boolean {
  return a.length === b.length && a.every((head, index) => head === b[index]);
}

/** Hashes of the changes that are not among the ancestors of `known`; heads the document lacks are ignored. */
export function changesBeyond(handle: Handle, known: Heads): string[] {
  const doc = handle.doc();
  const shared = known.filter((head) => A.hasHeads(doc, [head]));
  return A.getChangesMetaSince(doc, shared).map((change) => change.hash);
}

/** How many changes are beyond `known`, and how many bytes they have one by one. */
export function measureNews(
  handle: Handle,
  known: Heads,
): { readonly changes: number; readonly bytes: number } {
  const doc = handle.doc();
  const shared = known.filter((head) => A.hasHeads(doc, [head]));
  const changes = A.getChangesMetaSince(doc, shared).length;
  const bytes = changes === 0 ? 0 : A.saveSince(doc, shared).length;
  return { changes, bytes };
}

/** Whether the document has `heads`, and all of them are among the ancestors of `known`. */
export function covers(handle: Handle, known: Heads, heads: Heads): boolean {
  if (!A.hasHeads(handle.doc(), [...heads])) return false;
  const beyond = new Set(changesBeyond(handle, known));
  return heads.every((head) => !beyond.has(head));
}
