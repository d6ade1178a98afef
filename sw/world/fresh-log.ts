/**
 * Chromium keeps all of an origin's IndexedDB in one LevelDB, and goes on writing into the log that it finds there. A
 * browser that was killed while it wrote has left half a record at the end of that log; LevelDB takes what is appended
 * later for the other half (https://github.com/google/leveldb/issues/1287), so at the next opening the log does not add
 * up, and Chromium deletes everything that the origin has stored. `durability: "strict"` is no help: it is all on the disk.
 *
 * Deleting a database makes LevelDB write out what it has read from the log, and begin another one (seen in Chromium
 * 156; `kill.spec.ts` tears a log). So a worker does that first of all.
 */
import { promisifyRequest } from "idb-keyval";
import { deleteDatabase } from "./indexeddb-disk.ts";

/** Never has anything in it. */
const databaseName = "presync fresh log";

/** Never rejects: what is wrong with the disk is said by whoever writes there. */
export async function beginFreshLog(): Promise<void> {
  // The others keep IndexedDB in SQLite.
  if (!isChromium()) return;
  try {
    const database = await promisifyRequest(indexedDB.open(databaseName));
    database.close();
    await deleteDatabase(databaseName);
  } catch {
    // It goes on with the old one.
  }
}

function isChromium(): boolean {
  return "userAgentData" in navigator;
}
