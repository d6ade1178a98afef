/** Folders for the tests of the command line: an app, and a package as if it were built. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface TestFolders {
  readonly root: string;
  readonly app: string;
  readonly package: string;
  remove(): Promise<void>;
}

export const shippedContent = {
  "presync-sw.js": "/*! presync worker */\n",
  "presync.js": "/*! presync page */\n",
  "automerge.wasm": "\0asm",
} as const;

export const offContent = "/*! presync worker that removes itself */\n";

export async function createTestFolders(): Promise<TestFolders> {
  const root = await mkdtemp(join(tmpdir(), "presync-cli-"));
  const folders = { app: join(root, "app"), package: join(root, "package", "dist") };
  await mkdir(folders.app);
  for (const [name, text] of Object.entries(shippedContent))
    await writeFileAt(join(folders.package, name), text);
  await writeFileAt(join(folders.package, "presync-off.js"), offContent);
  await writeFileAt(join(folders.package, "..", "package.json"), `{"version": "1.2.3"}`);
  return { root, ...folders, remove: () => rm(root, { recursive: true }) };
}

/** Makes the folders on the way, too. */
export async function writeFileAt(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
