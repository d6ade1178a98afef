/** Stores documents one run at a time each: who asks while a run is under way shares the next one. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Documents, Handle } from "./engine/documents.ts";

export interface StoreQueue {
  /** How many documents are being stored. */
  readonly size: number;
  /** Resolves once everything the document had when this was called is on disk. */
  store(handle: Handle): Promise<void>;
}

export function createStoreQueue(
  documents: Documents,
  changed: () => void,
  /** Everything this document has is on disk. */
  stored: (id: DocumentId) => void,
): StoreQueue {
  const running = new Map<DocumentId, Promise<void>>();
  const waiting = new Map<DocumentId, Promise<void>>();

  const run = (handle: Handle): Promise<void> => {
    const { documentId } = handle;
    const done = (async () => {
      while ((await documents.store(handle)) === undefined);
      stored(documentId);
    })().finally(() => {
      if (running.get(documentId) === done) running.delete(documentId);
      changed();
    });
    running.set(documentId, done);
    changed();
    return done;
  };

  return {
    get size() {
      return running.size;
    },
    store(handle) {
      const { documentId } = handle;
      const current = running.get(documentId);
      if (current === undefined) return run(handle);
      const next =
        waiting.get(documentId) ??
        current
          .catch(() => undefined)
          .then(() => {
            waiting.delete(documentId);
            return run(handle);
          });
      waiting.set(documentId, next);
      return next;
    },
  };
}
