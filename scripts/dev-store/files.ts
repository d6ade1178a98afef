/**
 * Files that survive a crash. A rename is atomic but only the directory's own fsync makes it last, so every change
 * of a name is followed by one. With `sync` false both are left out: faster, for tests that never cut the power.
 */
import { mkdirSync } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the names in a directory last: creations, renames and removals that came before. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and its file systems log such changes themselves.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Creates a directory and makes it last. */
export async function makeDirectory(path: string, sync: boolean): Promise<void> {
  const created = mkdirSync(path, { recursive: true });
  if (!sync || created === undefined) return;
  // Each new directory is a name in the one above it.
  for (let each = path; each.length >= created.length; each = dirname(each)) {
    await syncDirectory(dirname(each));
  }
}

/** Replaces a small file as a whole: a reader, or a crash, sees the old one or the new one. */
export async function replaceFile(path: string, data: string, sync: boolean): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(data);
    if (sync) await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  if (sync) await syncDirectory(dirname(path));
}

/** Removes a file that may be gone already. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
