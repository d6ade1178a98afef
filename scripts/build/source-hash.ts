/** A name for a state of the sources: equal sources, equal name, on every machine. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const hexDigits = 12;

export async function sourceHash(folders: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const files = await readdir(folder, { recursive: true });
    const sources = files.filter((file) => /\.tsx?$/.test(file) && !file.includes(".test."));
    for (const file of sources.toSorted()) {
      const content = await readFile(join(folder, file));
      hash.update(`${folder}/${file} ${content.length}\n`).update(content);
    }
  }
  return hash.digest("hex").slice(0, hexDigits);
}
