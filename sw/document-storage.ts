/**
 * automerge-repo's IndexedDB storage, with what its writes lack: they are `durability: "strict"`, so a change that
 * was acknowledged survives a loss of power; and they end when a transaction is aborted, which is how a full disk
 * and a connection closed by the browser show. The original listens for errors of requests only, and would wait
 * for ever. And it can be closed: a database with an open connection cannot be deleted.
 */
import type { StorageKey } from "@automerge/automerge-repo/slim";
import { IndexedDBStorageAdapter } from "@automerge/automerge-repo-storage-indexeddb";

const storeName = "documents";

export class DocumentStorage extends IndexedDBStorageAdapter {
  constructor(database: string) {
    super(database, storeName);
    // Somebody wants to delete it, and waits until it is closed.
    this.#connection
      .then((db) => db.addEventListener("versionchange", () => db.close()))
      .catch(() => undefined);
  }

  override save(key: StorageKey, binary: Uint8Array): Promise<void> {
    return this.#write((store) => store.put({ key, binary }, key));
  }

  override remove(key: StorageKey): Promise<void> {
    return this.#write((store) => store.delete(key));
  }

  override removeRange(prefix: StorageKey): Promise<void> {
    return this.#write((store) => store.delete(IDBKeyRange.bound(prefix, [...prefix, "\uffff"])));
  }

  close(): void {
    void this.#connection.then((db) => db.close()).catch(() => undefined);
  }

  /** The adapter keeps its connection in a field that its types call private. */
  get #connection(): Promise<IDBDatabase> {
    return (this as unknown as { dbPromise: Promise<IDBDatabase> }).dbPromise;
  }

  async #write(action: (store: IDBObjectStore) => unknown): Promise<void> {
    const db = await this.#connection;
    const transaction = db.transaction(storeName, "readwrite", { durability: "strict" });
    const done = new Promise<void>((resolve, reject) => {
      transaction.addEventListener("complete", () => resolve());
      transaction.addEventListener("abort", () =>
        reject(transaction.error ?? new DOMException("aborted", "AbortError")),
      );
    });
    action(transaction.objectStore(storeName));
    await done;
  }
}
