/**
 * Which file answers which path of the development app server: the app's own folder, with presync's files
 * at its root whatever lies there. Paths are taken apart and checked segment by segment, and what a symbolic link
 * leads to outside of the folder is not there.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { PresyncError } from "../../shared/errors.ts";
import { contentTypes } from "./content-types.ts";
import { builtFiles, manifestFile, pageFile, shippedFiles } from "./package-files.ts";
import { findAppFiles, precacheEntries, precacheScript } from "./precache.ts";

export interface AppFile {
  readonly content: Uint8Array;
  readonly type: string;
}

export interface AppFolder {
  /** The file, where the path names one; `directory` where it names one but lacks the slash at its end. */
  find(pathname: string): Promise<AppFile | "directory" | undefined>;
}

export interface AppFolderOptions {
  readonly appDirectory: string;
  readonly packageDirectory: string;
  readonly warn: (line: string) => void;
}

export function openAppFolder(options: AppFolderOptions): AppFolder {
  const { appDirectory, packageDirectory } = options;

  async function manifest(): Promise<AppFile> {
    const files = new Map(await findAppFiles(appDirectory));
    for (const file of shippedFiles) files.delete(file);
    for (const file of await builtFiles(packageDirectory))
      if (file === pageFile) files.set(file, join(packageDirectory, file));
    return textFile(manifestFile, precacheScript(await precacheEntries(files)));
  }

  async function manifestOrNone(): Promise<AppFile> {
    try {
      return await manifest();
    } catch (error) {
      if (!(error instanceof PresyncError)) throw error;
      options.warn(`nothing is kept for offline use: ${error.message}`);
      return textFile(manifestFile, precacheScript([]));
    }
  }

  async function find(pathname: string): Promise<AppFile | "directory" | undefined> {
    const segments = segmentsOf(pathname);
    if (segments === undefined) return undefined;
    const path = segments.join("/");
    if (path === manifestFile) return manifestOrNone();
    if (shippedFiles.includes(path)) return read(packageDirectory, path);
    return read(appDirectory, path);
  }

  return { find };
}

/** The decoded segments, or undefined for a path that no file of an app has. */
function segmentsOf(pathname: string): string[] | undefined {
  let decoded: string[];
  try {
    decoded = pathname.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
  if (decoded.at(-1) === "") decoded[decoded.length - 1] = "index.html";
  return decoded.every(isPublicName) ? decoded : undefined;
}

/** Dot files (`.env`, `.git`, `..`) are nobody's business; `.well-known` is made to be read. */
function isPublicName(name: string): boolean {
  if (name === "" || /[/\\\0]/.test(name)) return false;
  return !name.startsWith(".") || name === ".well-known";
}

async function read(root: string, path: string): Promise<AppFile | "directory" | undefined> {
  try {
    const [realRoot, file] = await Promise.all([realpath(root), realpath(join(root, path))]);
    if (file !== realRoot && !file.startsWith(realRoot + sep)) return undefined;
    if ((await stat(file)).isDirectory()) return "directory";
    return { content: await readFile(file), type: typeOf(path) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

function textFile(name: string, text: string): AppFile {
  return { content: Buffer.from(text), type: typeOf(name) };
}

function typeOf(path: string): string {
  return contentTypes.get(extname(path).toLowerCase()) ?? "application/octet-stream";
}
