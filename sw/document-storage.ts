/** automerge-repo's IndexedDB storage, closable: a database with an open connection cannot be deleted. */
import { IndexedDBStorageAdapter } from "@automerge/automerge-repo-storage-indexeddb";

export class DocumentStorage extends IndexedDBStorageAdapter {
  close(): void {
    // The adapter has no `close`, and keeps its connection in a field that its types call private.
    const { dbPromise } = this as unknown as { dbPromise: Promise<IDBDatabase> };
    void dbPromise.then((db) => db.close()).catch(() => undefined);
  }
}
