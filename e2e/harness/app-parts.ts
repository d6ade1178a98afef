/** Parts that tests put apps together from: pages, own workers, the files that ship. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { build } from "esbuild";
import type { ConnectOptions } from "../../app/client/connect.ts";
import { distDirectory } from "./environment.ts";
import type { Stack } from "./stack.ts";

const root = resolve(import.meta.dirname, "../..");

/** The code of an example in the documentation, which stands behind a comment with its name. */
export async function docExample(file: string, name: string): Promise<string> {
  const text = await readFile(join(root, file), "utf8");
  const [, code] =
    new RegExp(`<!-- example: ${name} -->\\s*\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(text) ?? [];
  if (code === undefined) throw new Error(`${file} has no example ${name}`);
  return code;
}

/** How a page begins that tests look into: not every browser lets them run a script of their own before it. */
export const pageHead = `<!doctype html><meta charset="utf-8" /><script>
    globalThis.thrown = [];
    globalThis.codeOf = (promise) =>
      promise.then(() => null, ({ code, message }) => code + ": " + message);
  </script>`;

/**
 * A page that connects in its own way, and shows its `presync`; or, as its title, why it has none. Without channels to
 * other browsers, as the test page.
 */
export function pageWith(options: Omit<ConnectOptions, "wasm"> = {}): string {
  return `${pageHead}<script type="module">
    import { connect } from "/presync.js";
    try {
      globalThis.presync = await connect(${JSON.stringify({ peers: false, ...options })});
      document.title = "connected";
    } catch (error) {
      document.title = globalThis.refusal = error.code + ": " + error.message;
    }
  </script>`;
}

/** A built file, as it ships. */
export function shipped(file: string): Promise<Buffer> {
  return readFile(join(distDirectory(), file));
}

/** Puts the worker and what belongs to it into a folder of the app. */
export async function serveWorkerIn(app: Stack["app"], folder: string): Promise<void> {
  app.replace(`${folder}presync-sw.js`, await shipped("presync-sw.js"));
  app.replace(`${folder}automerge.wasm`, await shipped("automerge.wasm"), "application/wasm");
}

/** A script as an app's bundler makes it, out of the package's built entries. */
export async function bundleApp(
  contents: string,
  loader: "js" | "tsx",
  format: BuildOptions["format"],
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"development"' },
    ...(format === undefined ? {} : { format }),
    plugins: [
      {
        name: "package-entries",
        setup: (plugin) =>
          plugin.onResolve({ filter: /^presync(\/|$)/ }, ({ path }) =>
            // The page's module finds its wasm by its own address, so it stays a file of its own.
            path === "presync"
              ? { path: "/presync.js", external: true }
              : { path: join(distDirectory(), `${path.slice("presync/".length)}.js`) },
          ),
      },
    ],
  });
  return outputFiles[0]?.text ?? "";
}
