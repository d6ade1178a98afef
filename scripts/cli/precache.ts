/**
 * The list of an app's own files that the worker keeps for offline use, as a script the worker imports:
 * `self.__PRESYNC_MANIFEST = [{url, revision}, …]`, URLs relative to the worker's folder, revision = the first 16
 * hex digits of SHA-256. Equal files give an equal script, so browsers see an update exactly when there is one.
 */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { PresyncError } from "../../shared/errors.ts";
import { contentTypes } from "./content-types.ts";
import { banner, manifestFile, wasmFile, workerFile } from "./package-files.ts";

/** A browser fetches all of them before the app works offline; beyond this a folder was probably the wrong one. */
export const precacheFilesMax = 1000;
export const precacheBytesMax: number = 64 * 1024 * 1024;

/** The worker keeps its wasm by itself, under a name that says which one it is. */
const skippedNames: ReadonlySet<string> = new Set([
  workerFile,
  manifestFile,
  wasmFile,
  "node_modules",
]);

export interface PrecacheEntry {
  readonly url: string;
  readonly revision: string;
}

/** Files by their path below the app's root, with `/` between the segments, and where each really lies. */
export type AppFiles = ReadonlyMap<string, string>;

/** The files below a directory that belong into the list. Symbolic links are left out: they may lead anywhere. */
export async function findAppFiles(directory: string): Promise<AppFiles> {
  const files = new Map<string, string>();
  async function walk(below: string): Promise<void> {
    const entries = await readdir(join(directory, below), { withFileTypes: true });
    for (const entry of entries) {
      if (entry.name.startsWith(".") || skippedNames.has(entry.name)) continue;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() && contentTypes.has(extname(entry.name).toLowerCase()))
        files.set(path, join(directory, path));
      if (files.size > precacheFilesMax) throw tooLarge(`more than ${precacheFilesMax} files`);
    }
  }
  await walk("");
  return files;
}

/** Throws `too-large` beyond the limits. */
export async function precacheEntries(files: AppFiles): Promise<PrecacheEntry[]> {
  if (files.size > precacheFilesMax) throw tooLarge(`more than ${precacheFilesMax} files`);
  const entries: PrecacheEntry[] = [];
  let bytes = 0;
  for (const [path, source] of files) {
    bytes += (await lstat(source)).size;
    if (bytes > precacheBytesMax) throw tooLarge(`more than ${precacheBytesMax} bytes`);
    const url = path.split("/").map(encodeURIComponent).join("/");
    entries.push({ url, revision: revisionOf(await readFile(source)) });
  }
  return entries.toSorted((a, b) => (a.url < b.url ? -1 : 1));
}

export function precacheScript(entries: readonly PrecacheEntry[]): string {
  const lines = entries.map((entry) => `  ${JSON.stringify(entry)},\n`).join("");
  return `${banner}: the files this app keeps for offline use; generated */\nself.__PRESYNC_MANIFEST = [\n${lines}];\n`;
}

export function revisionOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

function tooLarge(what: string): PresyncError {
  return new PresyncError("too-large", `the app's folder holds ${what}: is it the right one?`);
}
