/**
 * `presync init <dir>`: puts the worker, its wasm and the page module beside an app's files, and writes the list of
 * those files; with `--off`, only the worker that turns presync off. Safe to run again after every build. A file that is not ours is never overwritten unasked, and
 * nothing at all is written where one stands in the way.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PresyncError } from "../../shared/errors.ts";
import {
  banner,
  manifestFile,
  offFile,
  shippedFiles,
  wasmFile,
  workerFile,
} from "./package-files.ts";
import { findAppFiles, precacheEntries, precacheScript } from "./precache.ts";

/** A banner stands at the very start, save for a byte-order mark or a strict-mode line of a bundler. */
const bannerLettersMax = 256;

export interface InitOptions {
  readonly directory: string;
  readonly packageDirectory: string;
  readonly force: boolean;
}

export interface InitStep {
  readonly file: string;
  readonly did: "created" | "updated" | "unchanged";
}

/** Throws `conflict`, naming the files, where foreign ones are in the way. */
export async function initApp(options: InitOptions): Promise<InitStep[]> {
  const { directory, packageDirectory } = options;
  const contents = new Map<string, Buffer>();
  for (const file of shippedFiles) contents.set(file, await shipped(packageDirectory, file));
  await prepare(options, [...shippedFiles, manifestFile], contents);
  const steps: InitStep[] = [];
  for (const [file, content] of contents) steps.push(await put(directory, file, content));
  // After the others: they are in the list.
  const entries = await precacheEntries(await findAppFiles(directory));
  const manifest = Buffer.from(precacheScript(entries));
  steps.push(await put(directory, manifestFile, manifest));
  return steps;
}

/** The worker's place is taken by one that removes it. Throws `conflict` where a foreign file has that place. */
export async function initOff(options: InitOptions): Promise<InitStep[]> {
  const content = await shipped(options.packageDirectory, offFile);
  await prepare(options, [workerFile], new Map([[workerFile, content]]));
  return [await put(options.directory, workerFile, content)];
}

/** Makes the folder, and sees to it that nothing foreign is in the way of `files`. */
async function prepare(
  { directory, force }: InitOptions,
  files: readonly string[],
  contents: ReadonlyMap<string, Buffer>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const foreign: string[] = [];
  for (const file of files) {
    const there = await contentOf(join(directory, file));
    const ours =
      there === undefined ||
      file === wasmFile ||
      there.equals(contents.get(file) ?? Buffer.of()) ||
      there.toString("utf8", 0, bannerLettersMax).includes(banner);
    if (!ours) foreign.push(file);
  }
  if (foreign.length > 0 && !force)
    throw new PresyncError(
      "conflict",
      `not written by presync: ${foreign.join(", ")}; --force overwrites`,
    );
}

async function put(directory: string, file: string, content: Buffer): Promise<InitStep> {
  const path = join(directory, file);
  const there = await contentOf(path);
  if (there?.equals(content) === true) return { file, did: "unchanged" };
  await writeFile(path, content);
  return { file, did: there === undefined ? "created" : "updated" };
}

async function shipped(packageDirectory: string, file: string): Promise<Buffer> {
  const content = await contentOf(join(packageDirectory, file));
  if (content !== undefined) return content;
  throw new PresyncError("invalid-argument", `${file} is not built; run npm run build first`);
}

async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
