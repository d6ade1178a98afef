/** The Repo's documents, as the engine uses them: by id, with heads as change hashes. */
import * as A from "@automerge/automerge/slim";
import type { DocHandle, DocumentId, Repo } from "@automerge/automerge-repo/slim";
import type { Heads } from "./frontier.ts";

export type Handle = DocHandle<unknown>;

/** An edit may come while a document is being stored; a person does not type that fast five times in a row. */
const settleAttemptsMax = 5;

export interface Documents {
  /** The handle, if the document is in memory and has content. */
  loaded(id: DocumentId): Handle | undefined;
  /** The handle, whatever its state, if the Repo has one. */
  known(id: DocumentId): Handle | undefined;
  /** Loads the document where it is stored; else the handle has no content yet. */
  open(id: DocumentId): Promise<Handle>;
  /**
   * Stores the document until nothing newer is in memory, and returns the heads that are stored; undefined
   * where it kept changing.
   */
  store(handle: Handle): Promise<Heads | undefined>;
}

export function createDocuments(repo: Repo): Documents {
  const handles = (): Partial<Record<DocumentId, Handle>> => repo.handles;
  return {
    loaded: (id) => {
      const handle = handles()[id];
      return handle?.isReady() === true ? handle : undefined;
    },
    known: (id) => handles()[id],
    open: (id) => repo.find(id, { allowableStates: ["ready", "requesting", "unavailable"] }),
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

/** Whether everything up to `heads` is among the ancestors of `known`. */
export function covers(handle: Handle, known: Heads, heads: Heads): boolean {
  const beyond = new Set(changesBeyond(handle, known));
  return heads.every((head) => !beyond.has(head));
}
