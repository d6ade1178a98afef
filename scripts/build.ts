/** `npm run build`: makes `dist/` out of the sources, after the compiler has checked them, and prints its sizes. */
import { createHash } from "node:crypto";
import { chmod, copyFile, cp, mkdir, readFile, rm } from "node:fs/promises";
import { build } from "esbuild";
import { bundles } from "./build/bundles.ts";
import { copyDeclarations } from "./build/declarations.ts";
import { sizesOf, sizeTable } from "./build/sizes.ts";
import { sourceHash } from "./build/source-hash.ts";

const wasmSource = "node_modules/@automerge/automerge/dist/automerge.wasm";

const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
const wasmHash = createHash("sha256")
  .update(await readFile(wasmSource))
  .digest("hex");
const facts = {
  version,
  build: `${version}+${await sourceHash(["shared", "sw", "app/client"])}`,
  wasm: `automerge.wasm?v=${wasmHash.slice(0, 12)}`,
};

await rm("dist", { recursive: true, force: true });
await mkdir("dist/demo", { recursive: true });
await copyFile(wasmSource, "dist/automerge.wasm");
await cp("app/demo/public", "dist/demo", { recursive: true });
for (const options of bundles(facts)) {
  const { warnings } = await build(options);
  if (warnings.length > 0) process.exitCode = 1;
}
await chmod("dist/cli.js", 0o755);
await copyDeclarations(".tsc/types", "dist/types");

const shipped = [
  "presync-sw.js",
  "presync.js",
  "react.js",
  "presync-off.js",
  "automerge.wasm",
  "cli.js",
];
console.log(sizeTable(await sizesOf("dist", shipped)));
