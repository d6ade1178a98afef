/**
 * One bucket on disk, with its index in memory.
 *
 *     <bucket>/objects/<2 hex>/<64 hex>   one file per object, see object-file.ts
 *     <bucket>/temporary/<n>              uploads under way; emptied at every start
 *     <bucket>/cors.json                  the CORS rules set through the API
 *
 * Guarantees: a PUT that was answered is on the disk, whole; a PUT that was not, or whose body broke off or failed
 * a check, has changed nothing; a reader gets one version from first to last byte; conditions are checked in the
 * turn in which the object is replaced, so of several conditional writers exactly one wins.
 */
import { openSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BodyChecks } from "./checksums.ts";
import type { CorsRule } from "./cors.ts";
import { makeDirectory, removeIfThere, replaceFile, syncDirectory } from "./files.ts";
import { lowerBound, type Listable } from "./list.ts";
import { encodeTrailer, fileNameOf, readRecord, type ObjectRecord } from "./object-file.ts";
import { compareUtf8 } from "./text.ts";

interface Upload {
  readonly key: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly checks: BodyChecks;
  readonly headers: Readonly<Record<string, string>>;
  readonly modifiedMs: number;
  /** Throws to refuse the write, given the object there is now. */
  condition(current: ObjectRecord | undefined): void;
}

export interface DiskBucket extends Listable {
  readonly name: string;
  readonly corsRules: readonly CorsRule[];
  /** The file of the version `get` returns in the same turn; the caller closes it. */
  openBody(key: string): number;
  put(upload: Upload): Promise<ObjectRecord>;
  /** Removes an object; nothing happens if it is not there. `condition` as with `put`. */
  delete(key: string, condition: (current: ObjectRecord | undefined) => void): Promise<void>;
  /** With `keep` false the rules hold until the store closes. */
  setCorsRules(rules: readonly CorsRule[], keep: boolean): Promise<void>;
}

export async function openBucket(
  name: string,
  directory: string,
  sync: boolean,
): Promise<DiskBucket> {
  const objectsDirectory = join(directory, "objects");
  const temporaryDirectory = join(directory, "temporary");
  const corsFile = join(directory, "cors.json");
  rmSync(temporaryDirectory, { recursive: true, force: true });
  await makeDirectory(objectsDirectory, sync);
  await makeDirectory(temporaryDirectory, sync);
  // The names of subdirectories that a killed process made may not be on the disk yet.
  if (sync) await syncDirectory(objectsDirectory);
  const records = new Map<string, ObjectRecord>();
  for (const record of scan(objectsDirectory)) records.set(record.key, record);
  const keys = [...records.keys()].toSorted(compareUtf8);
  let corsRules = readCorsRules(corsFile);
  let uploads = 0;

  const fileOf = (key: string): string => {
    const fileName = fileNameOf(key);
    return join(objectsDirectory, fileName.slice(0, 2), fileName);
  };

  const madeDirectories = new Map<string, Promise<void>>();
  /** Of several writers into a new subdirectory, all wait until it is there to stay. */
  const makeOnce = (path: string): Promise<void> => {
    const made = madeDirectories.get(path) ?? makeDirectory(path, sync);
    madeDirectories.set(path, made);
    made.catch(() => madeDirectories.delete(path));
    return made;
  };

  /** Writes the whole file under a temporary name and returns its record. */
  const writeTemporary = async (path: string, upload: Upload): Promise<ObjectRecord> => {
    const file = await open(path, "wx");
    try {
      let size = 0;
      for await (const chunk of upload.body) {
        size += chunk.length;
        upload.checks.update(chunk);
        await file.appendFile(chunk);
      }
      const { key, headers, modifiedMs, checks } = upload;
      const record = {
        key,
        size,
        md5: checks.finish(),
        modifiedMs,
        headers,
        checksums: checks.checksums,
      };
      await file.appendFile(encodeTrailer(record));
      if (sync) await file.datasync();
      return record;
    } finally {
      await file.close();
    }
  };

  return {
    name,
    keys,
    get corsRules() {
      return corsRules;
    },
    get: (key) => records.get(key),
    openBody: (key) => openSync(fileOf(key), "r"),

    async put(upload) {
      const temporary = join(temporaryDirectory, String(uploads++));
      const target = fileOf(upload.key);
      try {
        const record = await writeTemporary(temporary, upload);
        await makeOnce(dirname(target));
        // From here to the index is one turn: nobody can come between the condition and the replacement.
        upload.condition(records.get(upload.key));
        renameSync(temporary, target);
        if (!records.has(upload.key)) keys.splice(lowerBound(keys, upload.key), 0, upload.key);
        records.set(upload.key, record);
        if (sync) await syncDirectory(dirname(target));
        return record;
      } catch (error) {
        await removeIfThere(temporary);
        throw error;
      }
    },

    async delete(key, condition) {
      condition(records.get(key));
      if (!records.has(key)) return;
      const target = fileOf(key);
      unlinkSync(target);
      records.delete(key);
      keys.splice(lowerBound(keys, key), 1);
      if (sync) await syncDirectory(dirname(target));
    },

    async setCorsRules(rules, keep) {
      if (keep) await replaceFile(corsFile, JSON.stringify(rules), sync);
      corsRules = rules;
    },
  };
}

function* scan(objectsDirectory: string): Generator<ObjectRecord> {
  for (const shard of readdirSync(objectsDirectory)) {
    for (const fileName of readdirSync(join(objectsDirectory, shard))) {
      const path = join(objectsDirectory, shard, fileName);
      const record = readRecord(path);
      if (fileNameOf(record.key) !== fileName)
        throw new Error(`${path} holds another key than its name says`);
      yield record;
    }
  }
}

function readCorsRules(path: string): readonly CorsRule[] {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as CorsRule[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
