/** The Repo's documents, as the engine uses them: by id, with heads as change hashes. */
import * as A from "@automerge/automerge/slim";
import type {
  DocHandle,
  DocumentId,
  Repo,
  StorageAdapterInterface,
} from "@automerge/automerge-repo/slim";
import { PresyncError } from "../../shared/errors.ts";
import type { AnyDoc } from "./chunks.ts";
import { hasAll } from "./chunks.ts";
import type { Heads } from "./frontier.ts";
import { holdsChanges } from "./guarded-storage.ts";

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
  /** Whether the Repo has anything to do with it, in whatever state. */
  isOpen(id: DocumentId): boolean;
  /**
   * Loads the document where it is stored; else the handle has no content yet. Throws `malformed` where what is
   * stored cannot be read.
   */
  open(id: DocumentId): Promise<Handle>;
  /** The chunks of it that are in storage; they may be more than one load of it has seen. */
  storedChunks(id: DocumentId): Promise<Uint8Array[]>;
  /** Adds changes to a stored document that is not open; `name` says what is in them. */
  storeChunk(id: DocumentId, name: string, chunk: Uint8Array): Promise<void>;
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
    isOpen: (id) => handles()[id] !== undefined,
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
    storedChunks: async (id) =>
      (await storage.loadRange([id]))
        .filter(({ key }) => holdsChanges(key))
        // Snapshots first: incremental chunks build on them.
        .toSorted((a, b) => Number(b.key[1] === "snapshot") - Number(a.key[1] === "snapshot"))
        .flatMap(({ data }) => data ?? []),
    storeChunk: (id, name, chunk) => storage.save([id, "incremental", name], chunk),
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
  return sortedHeads(handle.doc());
}

export function sortedHeads(doc: AnyDoc): Heads {
  return A.getHeads(doc).toSorted();
}

export function sameHeads(a: Heads, b: Heads): boolean {
  return a.length === b.length && a.every((head, index) => head === b[index]);
}

/** Hashes of the changes that are not among the ancestors of `known`; heads the document lacks are ignored. */
export function changesBeyond(doc: AnyDoc, known: Heads): string[] {
  const shared = known.filter((head) => hasAll(doc, [head]));
  return A.getChangesMetaSince(doc, shared).map((change) => change.hash);
}

/** How many changes are beyond `known`, and how many bytes they have one by one. */
export function measureNews(
  doc: AnyDoc,
  known: Heads,
): { readonly changes: number; readonly bytes: number } {
  const shared = known.filter((head) => hasAll(doc, [head]));
  const changes = A.getChangesMetaSince(doc, shared).length;
  const bytes = changes === 0 ? 0 : A.saveSince(doc, shared).length;
  return { changes, bytes };
}

/** Whether the document has `heads`, and all of them are among the ancestors of `known`. */
export function covers(handle: Handle, known: Heads, heads: Heads): boolean {
  if (!hasAll(handle.doc(), heads)) return false;
  const beyond = new Set(changesBeyond(handle.doc(), known));
  return heads.every((head) => !beyond.has(head));
}
