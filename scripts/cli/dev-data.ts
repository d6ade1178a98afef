/**
 * What `presync dev` keeps in its data directory besides the objects: keys and session secret, made at the first
 * start, and the ports, because signed URLs and browser storage hold on to host and port. Readable by its owner only.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PresyncError } from "../../shared/errors.ts";

export interface DevPorts {
  readonly app?: number;
  readonly service?: number;
  readonly store?: number;
}

export interface DevData {
  readonly version: 1;
  readonly sessionSecret: string;
  /** Secrets of the embedded store's three keys. */
  readonly storeSecrets: { readonly read: string; readonly write: string; readonly admin: string };
  readonly ports: DevPorts;
}

const fileName = "dev.json";
const secretBytes = 32;

export async function makeDataDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

/** Reads what an earlier start kept, or makes it. */
export async function readDevData(directory: string): Promise<DevData> {
  let text: string;
  try {
    text = await readFile(join(directory, fileName), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const made: DevData = {
      version: 1,
      sessionSecret: newSecret(),
      storeSecrets: { read: newSecret(), write: newSecret(), admin: newSecret() },
      ports: {},
    };
    await writeDevData(directory, made);
    return made;
  }
  const data = parse(text);
  if (data?.version === 1) return data;
  throw new PresyncError("malformed", `${join(directory, fileName)} is not one of this version`);
}

/** Whole or not at all: a start that is killed must not leave half a file. */
export async function writeDevData(directory: string, data: DevData): Promise<void> {
  const path = join(directory, fileName);
  const fresh = `${path}.new`;
  await writeFile(fresh, `${JSON.stringify(data, undefined, 2)}\n`, { mode: 0o600 });
  // The mode above counts only where the file is new.
  await chmod(fresh, 0o600);
  await rename(fresh, path);
}

function parse(text: string): DevData | undefined {
  try {
    return JSON.parse(text) as DevData;
  } catch {
    return undefined;
  }
}

function newSecret(): string {
  return randomBytes(secretBytes).toString("base64url");
}
