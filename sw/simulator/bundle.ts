/** Bundles the simulator's child, with a bug planted in one source file where a mutant asks for it. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { build } from "esbuild";
import type { Mutant } from "./mutants/mutant.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entry = path.join(root, "sw/simulator/seed-batch.ts");

/** Returns the path of the bundle. Throws where a mutant's text does not stand in its file exactly once. */
export async function bundleChild(mutant: Mutant | null): Promise<string> {
  const name = mutant === null ? "child" : `mutant ${mutant.name}`;
  const outfile = path.join(root, ".tsc/simulator", `${name.replaceAll(" ", "-")}.mjs`);
  const planted = { value: mutant === null };
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "warning",
    plugins: mutant === null ? [] : [planting(mutant, planted)],
  });
  if (!planted.value) throw new Error(`${mutant?.name}: ${mutant?.file} is not part of the bundle`);
  return outfile;
}

function planting({ name, file, find, replace }: Mutant, planted: { value: boolean }): Plugin {
  const target = path.join(root, file);
  return {
    name: "planted bug",
    setup(plugin) {
      plugin.onLoad({ filter: /\.ts$/ }, async ({ path: loading }) => {
        if (loading !== target) return undefined;
        const source = await readFile(loading, "utf8");
        const places = source.split(find).length - 1;
        if (places !== 1) throw new Error(`${name}: its text stands in ${file} ${places} times`);
        planted.value = true;
        return { contents: source.replace(find, () => replace), loader: "ts" };
      });
    },
  };
}
