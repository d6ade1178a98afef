/** `presync dev` as a function, and once as the process it is. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { objectContentType, parseGrant, revealSignedUrl } from "../../shared/grants.ts";
import type { Grant } from "../../shared/grants.ts";
import type { SessionAnswer } from "../../shared/sign-in.ts";
import { keySignInText } from "../../shared/sign-in.ts";
import { createTestKey } from "../../service/test-world.ts";
import type { DevOptions, DevStack } from "./dev.ts";
import { startDev } from "./dev.ts";
import { closeServer, listenOn } from "./ports.ts";
import type { TestFolders } from "./test-folders.ts";
import { createTestFolders, writeFileAt } from "./test-folders.ts";

const warnings: string[] = [];
let folders: TestFolders;
let running: DevStack[];
/** One that other tests, which run at the same time, do not ask for. */
let appPort: number;

beforeEach(async () => {
  warnings.length = 0;
  running = [];
  const server = createServer();
  appPort = await listenOn(server, 0);
  await closeServer(server);
  folders = await createTestFolders();
  await writeFileAt(join(folders.app, "index.html"), "<h1>app");
});

afterEach(async () => {
  for (const stack of running) await stack.close();
  await folders.remove();
});

type Changes = Omit<Partial<DevOptions>, "port"> & { readonly port?: number | undefined };

async function start(changes: Changes = {}): Promise<DevStack> {
  const { port, ...options } = {
    appDirectory: folders.app,
    packageDirectory: folders.package,
    dataDirectory: join(folders.root, "data"),
    port: appPort,
    warn: (line: string): unknown => warnings.push(line),
    ...changes,
  };
  const stack = await startDev(port === undefined ? options : { ...options, port });
  running.push(stack);
  return stack;
}

async function post(url: string, body: unknown, origin: string, session = ""): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", origin, authorization: `Bearer ${session}` },
  });
  if (!response.ok) throw new Error(`answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** What a worker does, over HTTP and with an Origin. */
async function signIn({ service, app }: DevStack): Promise<string> {
  const key = await createTestKey("rfc8037");
  const { publicKey } = key;
  const url = `${service}/v1/auth/key`;
  const { challenge } = (await post(`${url}/challenge`, { publicKey }, app)) as {
    challenge: string;
  };
  const signature = await key.sign(keySignInText(new URL(service).origin, challenge));
  const answer = await post(`${url}/verify`, { publicKey, challenge, signature }, app);
  return (answer as SessionAnswer).session;
}

async function getGrant(stack: DevStack, session: string, origin = stack.app): Promise<Grant> {
  return parseGrant(await post(`${stack.service}/v1/grants`, { kind: "browser" }, origin, session));
}

function putManifest(grant: Grant): Promise<Response> {
  return fetch(revealSignedUrl(grant, "put", grant.replica, "manifest") ?? "", {
    method: "PUT",
    body: "manifest",
    headers: { "content-type": objectContentType },
  });
}

function getManifest(grant: Grant): Promise<Response> {
  return fetch(revealSignedUrl(grant, "get", grant.replica, "manifest") ?? "");
}

describe("presync dev", () => {
  it("serves app, service and store, so that a page can sign in and write", async () => {
    const stack = await start();
    expect(await (await fetch(stack.app)).text()).toBe("<h1>app");
    const config: unknown = await (await fetch(`${stack.app}/presync.json`)).json();
    expect(config).toEqual({ service: stack.service });
    const grant = await getGrant(stack, await signIn(stack));
    expect((await putManifest(grant)).status).toBe(200);
    expect(await (await getManifest(grant)).text()).toBe("manifest");
    expect(Object.keys(stack.store)).toEqual([
      "endpoint",
      "region",
      "bucket",
      "accessKeyId",
      "secretAccessKey",
    ]);
  });

  it("lets the app's origin use the store, by either name, and origins it was told of", async () => {
    const stack = await start({ origins: ["http://localhost:5173"] });
    const { port } = new URL(stack.app);
    const session = await signIn(stack);
    const url = `${stack.store.endpoint}/${stack.store.bucket}/key`;
    for (const origin of [stack.app, `http://localhost:${port}`, "http://localhost:5173"]) {
      await getGrant(stack, session, origin);
      const preflight = await fetch(url, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "PUT",
          "access-control-request-headers": "content-type",
        },
      });
      expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
      expect(preflight.headers.get("access-control-max-age")).toBe("7200");
    }
    await expect(getGrant(stack, session, "http://localhost:1")).rejects.toThrow("denied");
  });

  it("keeps objects, sessions and signed URLs across a restart", async () => {
    const before = await start();
    const session = await signIn(before);
    const grant = await getGrant(before, session);
    await putManifest(grant);
    await before.close();
    await before.close();
    const after = await start();
    expect(warnings).toEqual([]);
    expect([after.app, after.service, after.store]).toEqual([
      before.app,
      before.service,
      before.store,
    ]);
    expect(await (await getManifest(grant)).text()).toBe("manifest");
    expect((await getGrant(after, session)).namespace).toBe(grant.namespace);
  });

  it("keeps its secrets from other users of the machine", async () => {
    await start();
    const data = join(folders.root, "data");
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    expect((await stat(join(data, "dev.json"))).mode & 0o777).toBe(0o600);
  });

  it("refuses a second start on the same data, and a start on data in the open", async () => {
    await start();
    await expect(start({ port: undefined })).rejects.toThrow(/data is in use by process \d+$/);
    const open = join(folders.app, "data");
    await expect(start({ dataDirectory: open })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await expect(start({ dataDirectory: folders.app })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await start({ dataDirectory: join(folders.app, ".presync"), port: undefined });
  });

  it("moves to other ports where its own are taken, and says what that costs", async () => {
    const before = await start();
    await before.close();
    const squatters = [];
    for (const url of [before.app, before.service, before.store.endpoint]) {
      const squatter = createServer();
      await listenOn(squatter, Number(new URL(url).port));
      squatters.push(squatter);
    }
    const after = await start({ port: undefined });
    expect(warnings.map((line) => /of the (\w+)/.exec(line)?.[1])).toEqual([
      "app",
      "service",
      "store",
    ]);
    expect((await fetch(after.app)).status).toBe(200);
    await after.close();
    await expect(start()).rejects.toMatchObject({ message: `port ${appPort} is taken` });
    for (const squatter of squatters) await closeServer(squatter);
    // Nothing was left behind by the start that failed.
    await start();
  });

  it("limits writes and lifetimes where it is told to", async () => {
    const stack = await start({ writeIntervalMs: 60_000, grantSeconds: 30 });
    const grant = await getGrant(stack, await signIn(stack));
    const query = new URL(grant.put!.template).searchParams;
    expect(query.get("X-Amz-Expires")).toBe("30");
    expect((await putManifest(grant)).status).toBe(200);
    expect((await putManifest(grant)).status).toBeGreaterThanOrEqual(429);
  });

  it("runs on another store", async () => {
    const other = await start({ dataDirectory: join(folders.root, "other"), port: undefined });
    const file = join(folders.root, "store.json");
    await writeFile(file, JSON.stringify(other.store));
    const stack = await start({ storeJson: file });
    expect(stack.store).toEqual(other.store);
    const grant = await getGrant(stack, await signIn(stack));
    expect((await putManifest(grant)).status).toBe(200);
    expect(await readdir(join(folders.root, "data"))).not.toContain("store");
  });

  it.each([
    "",
    "[]",
    "{}",
    `{"endpoint": "x", "region": "r", "bucket": "bbb", "accessKeyId": "a", "secretAccessKey": "s"}`,
  ])("says what is wrong with a store described as %j", async (text) => {
    const file = join(folders.root, "store.json");
    await writeFile(file, text);
    await expect(start({ storeJson: file })).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("needs an app", async () => {
    await expect(start({ appDirectory: join(folders.root, "none") })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it.each(["SIGTERM", "SIGINT"] as const)("is a process that %s ends cleanly", async (signal) => {
    const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
    const data = join(folders.root, "process");
    const words = ["dev", "--app", folders.app, "--data", data, "--json"];
    const child = spawn(process.execPath, ["--import", "tsx", cli, ...words], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = once(child, "exit");
    try {
      const lines: string[] = [];
      const reader = createInterface(child.stdout).on("line", (line) => {
        lines.push(line);
      });
      await once(reader, "line");
      const { app } = JSON.parse(lines[0] ?? "") as DevStack;
      // An open connection must not keep it alive.
      expect((await fetch(app)).status).toBe(200);
      child.kill(signal);
      expect(await ended).toEqual([0, null]);
      expect(lines).toHaveLength(1);
      expect((await readdir(data)).filter((name) => name.startsWith("lock"))).toEqual([]);
      expect(await readFile(join(data, "dev.json"), "utf8")).toContain('"ports"');
    } finally {
      child.kill("SIGKILL");
    }
  });
});
