import { createServer, request } from "node:http";
import type { Server } from "node:http";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAppFolder } from "./app-files.ts";
import { createAppHandler } from "./app-server.ts";
import { closeServer, listenOn } from "./ports.ts";
import { precacheFilesMax } from "./precache.ts";
import type { TestFolders } from "./test-folders.ts";
import { createTestFolders, shippedContent, writeFileAt } from "./test-folders.ts";

const warnings: string[] = [];
let folders: TestFolders;
let server: Server;
let port: number;
let serviceUrl: string | undefined;

beforeEach(async () => {
  warnings.length = 0;
  serviceUrl = "http://127.0.0.1:1";
  folders = await createTestFolders();
  await write("index.html", "<h1>app");
  const warn = (line: string): number => warnings.push(line);
  const folder = openAppFolder({
    appDirectory: folders.app,
    packageDirectory: folders.package,
    warn,
  });
  server = createServer(createAppHandler({ folder, serviceUrl: () => serviceUrl, warn }));
  port = await listenOn(server, 0);
});

afterEach(async () => {
  await closeServer(server);
  await folders.remove();
});

function write(path: string, text: string): Promise<void> {
  return writeFileAt(join(folders.app, path), text);
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends the path as it stands; `fetch` would tidy it up. */
function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers, method }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("the app server", () => {
  it.each([
    ["/", "text/html; charset=utf-8"],
    ["/index.html?x=1", "text/html; charset=utf-8"],
    ["/presync.js", "text/javascript; charset=utf-8"],
    ["/presync-sw.js", "text/javascript; charset=utf-8"],
    ["/presync-manifest.js", "text/javascript; charset=utf-8"],
    ["/automerge.wasm", "application/wasm"],
    ["/presync.json", "application/json; charset=utf-8"],
  ])("serves %s as %s", async (path, type) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ "content-type": type, "cache-control": "no-cache" });
  });

  it("says where the service is, once it is there", async () => {
    expect(JSON.parse((await get("/presync.json")).text)).toEqual({ service: serviceUrl });
    serviceUrl = undefined;
    expect((await get("/presync.json")).status).toBe(404);
  });

  it("puts what ships over what the app's folder has, in the manifest too", async () => {
    await write("presync.js", "old copy");
    expect((await get("/presync.js")).text).toBe(shippedContent["presync.js"]);
    const before = (await get("/presync-manifest.js")).text;
    expect(before).toContain('{"url":"presync.js"');
    await write("presync.js", "older copy");
    expect((await get("/presync-manifest.js")).text).toBe(before);
    await write("main.js", "1");
    expect((await get("/presync-manifest.js")).text).toContain('{"url":"main.js"');
  });

  it("says so and lists nothing where the folder is no app's", async () => {
    for (let at = 0; at <= precacheFilesMax; at++) await write(`${at}.js`, "");
    const { status, text } = await get("/presync-manifest.js");
    expect([status, text]).toEqual([200, expect.stringContaining("= [\n]")]);
    expect(warnings).toHaveLength(1);
  });

  it("answers 304 until a file changes", async () => {
    const { etag } = (await get("/")).headers;
    const headers = { "if-none-match": String(etag) };
    const unchanged = await get("/", headers);
    expect([unchanged.status, unchanged.text]).toEqual([304, ""]);
    await write("index.html", "<h1>new");
    expect(await get("/", headers)).toMatchObject({ status: 200, text: "<h1>new" });
  });

  it("falls back to the index for navigations alone", async () => {
    const navigation = { accept: "text/html,*/*;q=0.8" };
    expect(await get("/notes/7", navigation)).toMatchObject({ status: 200, text: "<h1>app" });
    expect((await get("/notes/7", { accept: "*/*" })).status).toBe(404);
    expect((await get("/notes/7")).status).toBe(404);
  });

  it("finds folders with and without the slash, never on another host", async () => {
    await write("docs/index.html", "docs");
    expect((await get("/docs/")).text).toBe("docs");
    expect(await get("/docs?a=b")).toMatchObject({
      status: 301,
      headers: { location: "./docs/?a=b" },
    });
    expect((await get("//docs")).status).toBe(404);
  });

  it.each([
    "/../package/dist/presync.js",
    "/%2e%2e/package/package.json",
    "/..%2fpackage%2fpackage.json",
    "/docs/..%5c..%5cpackage.json",
    "/.env",
    "/.git/config",
    "/link/secret.txt",
    "/link.txt",
    "/index.html%00.js",
    "/%zz",
    "//index.html",
    "/./index.html",
    `/${"a".repeat(5000)}`,
  ])("has nothing at %s", async (path) => {
    await write(".env", "secret");
    await write(".git/config", "secret");
    await writeFileAt(join(folders.root, "outside", "secret.txt"), "secret");
    await symlink(join(folders.root, "outside"), join(folders.app, "link"));
    await symlink(join(folders.root, "outside", "secret.txt"), join(folders.app, "link.txt"));
    expect(await get(path)).toMatchObject({ status: 404, text: "" });
  });

  it("answers HEAD, and nothing that would change something", async () => {
    const head = await get("/", {}, "HEAD");
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "7"]);
    expect((await get("/", {}, "POST")).status).toBe(405);
    expect((await get("http://127.0.0.1/", {}, "GET")).status).toBe(400);
  });
});
