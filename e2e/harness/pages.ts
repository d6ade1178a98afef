/** The app that most tests run: as little as the documentation asks for. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DocHandle } from "@automerge/automerge-repo/slim";
import type { ConnectOptions, Presync } from "../../app/index.ts";

/** What the tests put into documents. */
export interface List {
  items: string[];
}

declare global {
  /** Set by the page. */
  var presync: Presync;
  /** Set by the stranger's page. */
  var list: DocHandle<List>;
  /** Documents the tests have opened, by name. */
  var lists: Record<string, DocHandle<List>>;
  /** What the page threw and nobody caught. */
  var thrown: string[];
  /** `<code>: <message>` of a `connect()` that failed. */
  var refusal: string | undefined;
  /** Null, or how a promise was rejected: an error's code does not survive the way out of a page by itself. */
  var codeOf: (promise: Promise<unknown>) => Promise<string | null>;
}

/**
 * Its first script is for the tests: WebDriver neither runs one of its own before a page's, nor tells of errors.
 * `options` are those of `connect()`.
 */
export const testPageWith = (options: ConnectOptions): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>test page</title>
  <script>
    globalThis.thrown = [];
    addEventListener("error", ({ error, message }) => thrown.push(String(error ?? message)));
    addEventListener("unhandledrejection", ({ reason }) => thrown.push(String(reason)));
    globalThis.codeOf = (promise) =>
      promise.then(() => null, ({ code, message }) => code + ": " + message);
  </script>
  <script type="module">
    import { connect } from "/presync.js";
    globalThis.presync = await connect(${JSON.stringify(options)});
  </script>
</html>
`;

/**
 * Without channels to other browsers: they would lead past the proxies by which a test cuts a device off, and would show
 * what is to be seen to come through the bucket.
 */
export const testPage = testPageWith({ peers: false });

export async function writeApp(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, content] of Object.entries(files))
    await writeFile(join(directory, name), content);
}
