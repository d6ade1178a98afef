/** What a kill in the middle of a write leaves behind in Chromium's IndexedDB. */
import { appendFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A log is made of blocks, and no record lies across two of them. */
const blockBytes = 32_768;

/** Of a record that is said to be longer than that: four bytes of a checksum, the length, and "this is all of it". */
const payloadBytes = 200;
const header = Buffer.from([1, 2, 3, 4, payloadBytes, 0, 1]);

/** Appends the head of a record, and nothing of its content, to the newest log of every origin in this profile. */
export async function tearLog(profileDirectory: string): Promise<void> {
  const root = join(profileDirectory, "Default", "IndexedDB");
  const origins = (await readdir(root)).filter((name) => name.endsWith(".leveldb"));
  if (origins.length === 0) throw new Error("there is no LevelDB in this profile");
  for (const origin of origins) {
    const names = (await readdir(join(root, origin))).filter((name) => name.endsWith(".log"));
    const newest = join(root, origin, names.toSorted().at(-1)!);
    const { size } = await stat(newest);
    const rest = blockBytes - (size % blockBytes);
    // Zeros at the end of a block mean nothing.
    const padding = rest < header.length + payloadBytes ? rest : 0;
    await appendFile(newest, Buffer.concat([Buffer.alloc(padding), header]));
  }
}
