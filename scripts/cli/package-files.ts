/** Where the files lie that presync ships to browsers. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const workerFile = "presync-sw.js";
/** Takes the worker's place to turn presync off. */
export const offFile = "presync-off.js";
export const wasmFile = "automerge.wasm";
export const pageFile = "presync.js";
export const manifestFile = "presync-manifest.js";

/** What every app needs beside its own files. */
export const shippedFiles: readonly string[] = [workerFile, wasmFile, pageFile];

/** How our scripts begin, so that `init` knows which files it may overwrite. */
export const banner = "/*! presync";

/** The folder of the built files, from the address of the CLI: beside it once built, in `dist` before. */
export function packageDirectoryOf(cliUrl: string): string {
  const directory = dirname(fileURLToPath(cliUrl));
  return existsSync(join(directory, workerFile)) ? directory : join(directory, "..", "dist");
}

/** Those of the shipped files that are there: before the first build there are none. */
export async function builtFiles(packageDirectory: string): Promise<string[]> {
  const there = new Set(await readdir(packageDirectory).catch(() => []));
  return shippedFiles.filter((file) => there.has(file));
}

export async function packageVersion(packageDirectory: string): Promise<string> {
  const text = await readFile(join(packageDirectory, "..", "package.json"), "utf8");
  const { version } = JSON.parse(text) as { version?: unknown };
  return typeof version === "string" ? version : "unknown";
}
