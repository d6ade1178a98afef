import { createHash } from "node:crypto";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InitStep } from "./init.ts";
import { initApp, initOff } from "./init.ts";
import type { PrecacheEntry } from "./precache.ts";
import { precacheBytesMax, precacheFilesMax } from "./precache.ts";
import type { TestFolders } from "./test-folders.ts";
import { createTestFolders, offContent, shippedContent, writeFileAt } from "./test-folders.ts";

let folders: TestFolders;

beforeEach(async () => {
  folders = await createTestFolders();
});

afterEach(() => folders.remove());

function init(force = false): Promise<InitStep[]> {
  return initApp({ directory: folders.app, packageDirectory: folders.package, force });
}

function write(path: string, text: string): Promise<void> {
  return writeFileAt(join(folders.app, path), text);
}

function read(path: string): Promise<string> {
  return readFile(join(folders.app, path), "utf8");
}

/** The manifest as a worker gets it: by running the script. */
async function manifest(): Promise<readonly PrecacheEntry[]> {
  const self: { __PRESYNC_MANIFEST?: readonly PrecacheEntry[] } = {};
  // oxlint-disable-next-line no-implied-eval
  new Function("self", await read("presync-manifest.js"))(self);
  return self.__PRESYNC_MANIFEST ?? [];
}

function revision(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

describe("presync init", () => {
  it("copies what ships and lists the app's files", async () => {
    await write("index.html", "<h1>app");
    await write("assets/my app.js", "1");
    const steps = await init();
    expect(steps.map(({ file, did }) => `${did} ${file}`)).toEqual([
      "created presync-sw.js",
      "created automerge.wasm",
      "created presync.js",
      "created presync-manifest.js",
    ]);
    for (const [name, text] of Object.entries(shippedContent)) expect(await read(name)).toBe(text);
    expect(await manifest()).toEqual([
      { url: "assets/my%20app.js", revision: revision("1") },
      { url: "index.html", revision: revision("<h1>app") },
      { url: "presync.js", revision: revision(shippedContent["presync.js"]) },
    ]);
  });

  it("makes the folder where there is none", async () => {
    const directory = join(folders.app, "deep", "public");
    await initApp({ directory, packageDirectory: folders.package, force: false });
    expect(await read("deep/public/presync.js")).toBe(shippedContent["presync.js"]);
  });

  it("changes nothing when it runs again, and only what has changed later", async () => {
    await write("index.html", "<h1>app");
    await init();
    expect(new Set((await init()).map(({ did }) => did))).toEqual(new Set(["unchanged"]));
    await write("index.html", "<h1>new");
    await writeFileAt(join(folders.package, "presync-sw.js"), "/*! presync worker 2 */");
    const steps = await init();
    expect(steps.filter(({ did }) => did === "updated").map(({ file }) => file)).toEqual([
      "presync-sw.js",
      "presync-manifest.js",
    ]);
  });

  it("leaves out what no app needs offline", async () => {
    const left = ["main.js.map", ".env", ".git/config.json", "node_modules/a/a.js", "video.mp4"];
    for (const path of left) await write(path, "x");
    await write("secret.json", "x");
    await symlink("/etc", join(folders.app, "link"));
    await symlink(join(folders.app, "secret.json"), join(folders.app, "link.json"));
    await init();
    expect((await manifest()).map(({ url }) => url)).toEqual(["presync.js", "secret.json"]);
  });

  it("does not touch anything where a foreign file is in the way, unless it is told to", async () => {
    await write("presync.js", "export const mine = 1;");
    await write("presync-manifest.js", "// mine");
    await write("automerge.wasm", "another version");
    await expect(init()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("presync.js, presync-manifest.js"),
    });
    expect(await read("presync.js")).toBe("export const mine = 1;");
    expect(await read("automerge.wasm")).toBe("another version");
    await expect(read("presync-sw.js")).rejects.toMatchObject({ code: "ENOENT" });
    await init(true);
    expect(await read("presync.js")).toBe(shippedContent["presync.js"]);
    expect(await read("automerge.wasm")).toBe(shippedContent["automerge.wasm"]);
  });

  it("refuses a folder that is no app's", async () => {
    for (let at = 0; at <= precacheFilesMax; at++) await write(`${at}.js`, "");
    await expect(init()).rejects.toMatchObject({ code: "too-large" });
  });

  it("refuses more bytes than a browser should fetch", async () => {
    await write("big.wasm", "x".repeat(precacheBytesMax));
    await expect(init()).rejects.toMatchObject({ code: "too-large" });
  });

  it("turns presync off by exchanging the worker alone, and on again", async () => {
    await write("index.html", "<h1>app");
    await init();
    const before = await manifest();
    const options = { directory: folders.app, packageDirectory: folders.package, force: false };
    expect(await initOff(options)).toEqual([{ file: "presync-sw.js", did: "updated" }]);
    expect(await read("presync-sw.js")).toBe(offContent);
    expect(await read("presync.js")).toBe(shippedContent["presync.js"]);
    expect(await manifest()).toEqual(before);
    expect((await init()).filter(({ did }) => did === "updated")).toEqual([
      { file: "presync-sw.js", did: "updated" },
    ]);
    expect(await read("presync-sw.js")).toBe(shippedContent["presync-sw.js"]);
  });

  it("does not turn off a worker that is not presync's, unless it is told to", async () => {
    await write("presync-sw.js", "// mine");
    const options = { directory: folders.app, packageDirectory: folders.package };
    await expect(initOff({ ...options, force: false })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await read("presync-sw.js")).toBe("// mine");
    await initOff({ ...options, force: true });
    expect(await read("presync-sw.js")).toBe(offContent);
  });

  it("says what to do where nothing is built", async () => {
    const nowhere = { directory: folders.app, packageDirectory: folders.root, force: false };
    await expect(initApp(nowhere)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});
