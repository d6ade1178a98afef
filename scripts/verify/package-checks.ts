/** What an app's developer gets with `npm install presync`: the packed files, their types, their sizes. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sizesOf } from "../build/sizes.ts";
import type { Counts } from "./run-step.ts";
import { checkStep } from "./run-step.ts";

/**
 * Bytes after gzip. Automerge's JavaScript and the Repo are 67 kB of each; the wasm is Automerge's own, and only
 * printed by the build. A bundle that grows past its budget needs a reason, and then a new number here.
 */
const gzipBudgets: Readonly<Record<string, number>> = {
  "presync.js": 69_500,
  // Live hints, channels to other browsers and presence are twelve of them.
  "presync-sw.js": 112_000,
};

export async function packageChecks(): Promise<Counts> {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };
  const add = ({ passed, failed }: Pick<Counts, "passed" | "failed">): void => {
    counts.passed += passed;
    counts.failed += failed;
  };
  for (const { file, gzip } of await sizesOf("dist", Object.keys(gzipBudgets))) {
    const budget = gzipBudgets[file] ?? 0;
    const fits = gzip <= budget;
    const size = `${file}: ${gzip} bytes of ${budget} after gzip${fits ? "" : ", TOO LARGE"}`;
    console.log(size);
    if (!fits) counts.failures.push(size);
    add({ passed: fits ? 1 : 0, failed: fits ? 0 : 1 });
  }
  const folder = await mkdtemp(join(tmpdir(), "presync-pack-"));
  try {
    add(
      await checkStep("npm", [
        "pack",
        "--silent",
        "--ignore-scripts",
        "--pack-destination",
        folder,
      ]),
    );
    const [tarball = ""] = await readdir(folder);
    const packed = join(folder, tarball);
    add(await checkStep("publint", ["--strict", packed]));
    const excluded = ["--exclude-entrypoints", "./sw.js", "./off.js", "./automerge.wasm"];
    add(await checkStep("attw", [packed, "--profile", "esm-only", ...excluded]));
    // As a stranger does: into an empty folder, and then the command that comes with it.
    const quiet = ["--no-audit", "--no-fund", "--silent"];
    add(await checkStep("npm", ["install", "--prefix", folder, ...quiet, packed]));
    const presync = join(folder, "node_modules", ".bin", "presync");
    add(await checkStep(presync, ["init", join(folder, "public")]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return counts;
}
