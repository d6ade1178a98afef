/**
 * A durable map in IndexedDB. A batch is one transaction with `durability: "strict"`, so it survives a loss of
 * power once it is acknowledged. Browsers close a database by themselves at times (Safari after a while in the
 * background, all of them when data is cleared): the connection is then opened anew.
 */
import { PresyncError } from "../../shared/errors.ts";
import { asDiskError } from "../engine/guarded-storage.ts";
import type { Batch, Disk } from "../engine/world.ts";

const storeName = "values";

export function openIndexedDbDisk(name: string): Disk {
  let connection: Promise<IDBDatabase> | null = null;
  let isClosed = false;

  const connect = (): Promise<IDBDatabase> => {
    // A late write must not bring a database back that was erased.
    if (isClosed) return Promise.reject(new PresyncError("closed", "the database was closed"));
    connection ??= open(name).then((db) => {
      db.addEventListener("close", () => {
        connection = null;
      });
      // Somebody wants to delete it, and waits until it is closed.
      db.addEventListener("versionchange", () => {
        connection = null;
        db.close();
      });
      return db;
    });
    connection.catch(() => {
      connection = null;
    });
    return connection;
  };

  const transact = async <T>(
    mode: IDBTransactionMode,
    body: (store: IDBObjectStore, transaction: IDBTransaction) => T,
  ): Promise<T> => {
    try {
      const db = await connect();
      let transaction: IDBTransaction;
      try {
        transaction = db.transaction(storeName, mode, { durability: "strict" });
      } catch {
        connection = null;
        transaction = (await connect()).transaction(storeName, mode, { durability: "strict" });
      }
      const done = completion(transaction);
      const result = body(transaction.objectStore(storeName), transaction);
      await done;
      return result;
    } catch (error) {
      throw asDiskError(error);
    }
  };

  return {
    async read(key) {
      const request = await transact("readonly", (store) => store.get(key));
      return request.result as unknown;
    },
    async list(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const [keys, values] = await transact("readonly", (store) => [
        store.getAllKeys(range),
        store.getAll(range),
      ]);
      const found = values.result as unknown[];
      return keys.result.map((key, index) => [key as string, found[index]]);
    },
    async keys(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const request = await transact("readonly", (store) => store.getAllKeys(range));
      return request.result as string[];
    },
    async commit({ put = {}, remove = [], guard }: Batch) {
      const refused = { value: false };
      const write = (store: IDBObjectStore): void => {
        for (const key of remove) store.delete(key);
        for (const [key, value] of Object.entries(put)) store.put(value, key);
      };
      await transact("readwrite", (store) => {
        if (guard === undefined) return write(store);
        const found = store.get(guard.key);
        found.onsuccess = () => {
          if (found.result === guard.value) write(store);
          else refused.value = true;
        };
      });
      if (refused.value) throw new PresyncError("superseded", "a later incarnation has started");
    },
    close() {
      isClosed = true;
      void connection?.then((db) => db.close()).catch(() => undefined);
      connection = null;
    },
  };
}

export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.addEventListener("success", () => resolve());
    request.addEventListener("error", () => reject(asDiskError(request.error)));
    // A connection of another incarnation is being asked to close; the deletion goes on when it has.
  });
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(storeName));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(asDiskError(request.error)));
  });
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(asDiskError(transaction.error)));
  });
}
