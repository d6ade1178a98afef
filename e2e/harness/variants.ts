/** presync as another build would be: the sources with one file changed. */
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { bundles } from "../../scripts/build/bundles.ts";

const root = resolve(import.meta.dirname, "../..");

/** Builds `presync-sw.js` or `presync.js` as another release would be, with this `wireProtocol` where it is another one. */
export async function buildOf(
  file: "presync-sw.js" | "presync.js",
  { name, protocol }: { readonly name: string; readonly protocol: number | null },
): Promise<string> {
  const facts = { version: "0.0.0", build: name, wasm: "automerge.wasm" };
  const options = bundles(facts).find(({ outfile }) => outfile === `dist/${file}`);
  const source = await readFile(resolve(root, "shared/wire.ts"), "utf8");
  const contents =
    protocol === null ? source : source.replace(/wireProtocol = \d+/, `wireProtocol = ${protocol}`);
  if (options === undefined || (protocol !== null && contents === source))
    throw new Error("file or number are not where they were");
  const { outputFiles } = await build({
    ...options,
    absWorkingDir: root,
    write: false,
    plugins: [
      ...(options.plugins ?? []),
      {
        name: "another-protocol",
        setup: (plugin) =>
          plugin.onLoad({ filter: /shared\/wire\.ts$/ }, () => ({ contents, loader: "ts" })),
      },
    ],
  });
  return outputFiles?.[0]?.text ?? "";
}
