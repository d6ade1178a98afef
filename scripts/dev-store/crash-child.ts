/**
 * The store as a process of its own, for the crash test to kill: `crash-child.ts DIRECTORY BUCKET ACCESSKEY SECRET`.
 * Prints its endpoint when it is ready, and ends when its parent does.
 */
import { startStore } from "./index.ts";

const [dir = "", bucket = "", accessKeyId = "", secretAccessKey = ""] = process.argv.slice(2);
const rights = { read: true, write: true, list: true };
const store = await startStore({
  dir,
  buckets: [bucket],
  credentials: [{ accessKeyId, secretAccessKey, rights }],
});
process.stdout.write(`${store.endpoint}\n`);
process.stdin.resume();
process.stdin.on("end", () => process.exit());
