/** The pages whose start is measured: presync's, and one that has automerge-repo and IndexedDB in the page itself. */
import { build } from "esbuild";

/** Documents have names; each has a few items. */
export const documentCount = 1_000;

const shell = `<!doctype html>
<meta charset="utf-8" />
<title>start</title>
<p>The page is here before anything is loaded.</p>
`;

export const presyncPage: string = `${shell}<script type="module">
  import { connect } from "/presync.js";
  performance.mark("loaded");
  globalThis.presync = await connect();
  performance.mark("connected");
  const name = new URLSearchParams(location.search).get("open");
  if (name !== null) globalThis.handle = await presync.open(name, { items: [] });
  globalThis.content = globalThis.handle?.doc().items.length;
  performance.mark("content");
</script>
`;

export const peerPage: string = `${shell}<script type="module" src="/peer.js"></script>\n`;

export const peerSource: string = `
import { initializeWasm, Repo } from "@automerge/automerge-repo/slim";
import { IndexedDBStorageAdapter } from "@automerge/automerge-repo-storage-indexeddb";
performance.mark("loaded");
await initializeWasm(fetch("/automerge.wasm"));
globalThis.repo = new Repo({ storage: new IndexedDBStorageAdapter("peer") });
performance.mark("connected");
const url = new URLSearchParams(location.search).get("open");
if (url !== null) globalThis.handle = await repo.find(url);
globalThis.content = globalThis.handle?.doc().items.length;
performance.mark("content");
`;

/** A peer's script, bundled as an app would. */
export async function peerScript(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: "js" },
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0]!.text;
}
