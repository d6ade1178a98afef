/** What a browser has on its disk, for the report of a loss. */
import type { Tab } from "../harness/tab.ts";

/** More of a store's keys says no more. */
const keysLengthMax = 2_000;

/** Every store of every database of the tab's origin, with the number of its entries and the first of their keys. */
export function storedKeys(tab: Tab): Promise<string> {
  return tab.evaluate(async (lengthMax) => {
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- runs in the page, which has nothing of this module
    const answerOf = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener("success", () => resolve(request.result));
        request.addEventListener("error", () => reject(request.error));
      });
    const told: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await answerOf(indexedDB.open(name!));
      for (const store of db.objectStoreNames) {
        const keys = await answerOf(db.transaction(store).objectStore(store).getAllKeys());
        told.push(`${name}/${store}: ${keys.length} ${JSON.stringify(keys).slice(0, lengthMax)}`);
      }
      db.close();
    }
    return told.join("; ");
  }, keysLengthMax);
}
