/** The bundles of presync, as esbuild is told of them. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { BuildOptions, Plugin } from "esbuild";
import { banner } from "../cli/package-files.ts";
import { onlyTheHash } from "./only-the-hash.ts";

export interface BuildFacts {
  readonly version: string;
  /** Names this build: page and worker compare it. */
  readonly build: string;
  /** The wasm's file name with a query that names its content, so that no cache can mix two of them up. */
  readonly wasm: string;
}

/**
 * Other packages import Automerge's full entries, which carry a second copy of the wasm as text: send them to the
 * slim ones. (esbuild's `alias` would match sub-paths too.)
 */
const slimAutomerge: Plugin = {
  name: "slim-automerge",
  setup: (build) =>
    build.onResolve(
      { filter: /^@automerge\/automerge(-repo)?$/ },
      ({ path, importer, kind, resolveDir }) =>
        build.resolve(`${path}/slim`, { importer, kind, resolveDir }),
    ),
};

/** What our dependencies need twice, or only for themselves. */
const leanDependencies: Plugin = {
  name: "lean-dependencies",
  setup: (build) =>
    build.onResolve({ filter: /^(@noble\/hashes\/sha256|debug)$/ }, ({ path }) => {
      const shim = path === "debug" ? "debug.ts" : "sha256.ts";
      return { path: resolve(import.meta.dirname, "shims", shim) };
    }),
};

/**
 * Automerge's loader would look for the wasm beside itself where it is given none. presync always gives it one; and an
 * app's bundler, for which this form (once the comment in it is gone) means a file to be copied, would look for it in vain.
 */
const givenWasm: Plugin = {
  name: "given-wasm",
  setup: (build) =>
    build.onLoad({ filter: /[\\/]web[\\/]automerge_wasm\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replace(
        /new (\/\*.*?\*\/ )?URL\(['"]automerge_wasm_bg\.wasm['"], import\.meta\.url\)/,
        "undefined",
      );
      if (contents === source) throw new Error(`${path} is not what it was`);
      return { contents, loader: "js" };
    }),
};

/**
 * cbor-x finds out by trying whether it may compile text to code. Where a page's policy forbids that, as it should,
 * Firefox complains on the console, and the page's operator gets a report. Its authors provide for this replacement.
 */
const noEval: Plugin = {
  name: "no-eval",
  setup: (build) =>
    build.onLoad({ filter: /cbor-x\/decode\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replaceAll("new Function(", "new BlockedFunction(");
      if (contents === source) throw new Error("cbor-x compiles in another way now");
      return { contents };
    }),
};

const leanHash: Plugin = {
  name: "lean-hash",
  setup: (build) =>
    build.onLoad({ filter: /fast-sha256[\\/]sha256\.js$/ }, async ({ path }) => ({
      contents: onlyTheHash(await readFile(path, "utf8")),
      loader: "js",
    })),
};

/** Whole, to be deployed as it is. */
export const cloudflareBundle: BuildOptions = {
  bundle: true,
  legalComments: "none",
  metafile: true,
  entryPoints: ["service/cloudflare.ts"],
  platform: "neutral",
  conditions: ["workerd", "worker", "import"],
  mainFields: ["module", "main"],
  target: "es2022",
  format: "esm",
};

/** The demo is an app like any other: it imports the file that ships. */
const shippedPresync: Plugin = {
  name: "shipped-presync",
  setup: (build) =>
    build.onResolve({ filter: /^presync$/ }, () => ({ path: "./presync.js", external: true })),
};

export function bundles({ version, build, wasm }: BuildFacts): BuildOptions[] {
  const define = {
    "process.env.NODE_ENV": '"production"',
    __BUILD__: JSON.stringify(build),
    __WASM__: JSON.stringify(wasm),
  };
  const common: BuildOptions = { bundle: true, legalComments: "none", metafile: true };
  const browser: BuildOptions = {
    ...common,
    minify: true,
    target: "es2022",
    platform: "browser",
    define,
    plugins: [slimAutomerge, leanDependencies, givenWasm, noEval, leanHash],
    banner: { js: `${banner} ${version}, MIT License */` },
  };
  const node: BuildOptions = {
    ...common,
    target: "node20",
    platform: "node",
    format: "esm",
    packages: "external",
  };
  return [
    { ...browser, entryPoints: ["sw/sw.ts"], outfile: "dist/presync-sw.js", format: "iife" },
    { ...browser, entryPoints: ["sw/off.ts"], outfile: "dist/presync-off.js", format: "iife" },
    { ...browser, entryPoints: ["app/index.ts"], outfile: "dist/presync.js", format: "esm" },
    // Whole: its Automerge and the wasm must be of one version, and Workbox asks for `process` unless it is defined.
    {
      ...browser,
      minify: false,
      entryPoints: ["sw/index.ts"],
      outfile: "dist/worker.js",
      format: "esm",
    },
    // It asks nothing of presync but its types; React must be the app's own.
    {
      ...browser,
      minify: false,
      entryPoints: ["app/react/index.ts"],
      outfile: "dist/react.js",
      format: "esm",
      packages: "external",
    },
    {
      ...browser,
      entryPoints: ["app/demo/main.ts"],
      outfile: "dist/demo/main.js",
      format: "esm",
      plugins: [shippedPresync],
    },
    { ...node, entryPoints: ["service/index.ts"], outfile: "dist/service.js" },
    { ...node, entryPoints: ["service/index-node.ts"], outfile: "dist/service-node.js" },
    { ...cloudflareBundle, outfile: "dist/service-cloudflare.js" },
    {
      ...node,
      entryPoints: ["scripts/cli.ts"],
      outfile: "dist/cli.js",
      banner: { js: "#!/usr/bin/env node" },
    },
  ];
}
