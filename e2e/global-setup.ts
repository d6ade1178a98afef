/**
 * Once for each run: a copy of `dist/`, so that a build made meanwhile changes nothing under test, and Ceph's
 * gateway where the run is on it.
 */
import { cp, mkdir, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startRgw } from "../scripts/rgw/start-rgw.ts";
import { setDist, setRgw, wantsRgw } from "./harness/environment.ts";

const needed = ["presync-sw.js", "presync.js", "automerge.wasm", "cli.js", "demo/index.html"];

// oxlint-disable-next-line import/no-default-export -- this is what Playwright asks a global setup for
export default async function setUp(): Promise<() => Promise<void>> {
  const root = resolve(import.meta.dirname, "..");
  const directory = await mkdtemp(join(tmpdir(), "presync-e2e-"));
  const clean = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const dist = join(directory, "dist");
    await mkdir(dist);
    await cp(join(root, "dist"), dist, { recursive: true });
    for (const file of needed)
      if (!(await isFile(join(dist, file))))
        throw new Error(`dist/${file} is not there: run \`npm run build\` first`);
    // The command line finds its packages from where it lies.
    await cp(join(root, "package.json"), join(directory, "package.json"));
    await symlink(join(root, "node_modules"), join(directory, "node_modules"));
    setDist(dist);
    if (!wantsRgw()) return clean;
    // Its own bucket is not used: each test makes one, with its app as the only origin.
    const rgw = await startRgw({ origins: ["http://127.0.0.1"] });
    setRgw(rgw);
    return async () => {
      await rgw.close();
      await clean();
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
