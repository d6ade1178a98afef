/** The service inside of somebody's own server, beside other routes and in front of a body parser. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { Hono } from "hono";
import { afterEach, expect, test } from "vitest";
import { createService } from "../../service/create-service.ts";
import { createMemoryBucket } from "../../service/memory-bucket.ts";
import {
  appOrigin,
  createTestKey,
  getGrant,
  signIn,
  testConfig,
} from "../../service/test-world.ts";
import { closeServer, listenOn } from "../cli/ports.ts";

let server: Server | undefined;

afterEach(async () => {
  if (server !== undefined) await closeServer(server);
});

function createMounted(): Hono {
  const publicUrl = "https://sync.example.com/sync/";
  return createService({ ...testConfig, publicUrl, fetch: createMemoryBucket(Date.now).fetch });
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What a test asks goes to the mounted service over HTTP. */
async function overHttp(listener: Listener): Promise<Hono> {
  server = createServer((request, response) => void listener(request, response));
  await listenOn(server, 0);
  const { port } = server.address() as AddressInfo;
  return new Hono().all("*", (c) => {
    const { pathname, search } = new URL(c.req.url);
    const { method, headers, body } = c.req.raw;
    const init = { method, headers, ...(body === null ? {} : { body, duplex: "half" as const }) };
    return fetch(`http://127.0.0.1:${port}/sync${pathname}${search}`, init);
  });
}

async function expectToWork(app: Hono): Promise<void> {
  expect((await app.request("/healthz")).status).toBe(200);
  const session = await signIn(app, await createTestKey());
  expect((await getGrant(app, session.session)).namespace).toBe(session.namespace);
  const refused = await app.request("/v1/grants", {
    method: "POST",
    headers: { origin: "https://evil.example", "content-type": "application/json" },
    body: "{}",
  });
  expect(refused.status).toBe(403);
  const allowed = await app.request("/v1/auth", { headers: { origin: appOrigin } });
  expect(allowed.headers.get("access-control-allow-origin")).toBe(appOrigin);
}

test("in a Hono app", async () => {
  const own = new Hono();
  own.route("/sync", createMounted());
  own.get("/", (c) => c.text("the app's own"));
  const app = await overHttp(getRequestListener(own.fetch));
  await expectToWork(app);
  expect(await (await own.request("/")).text()).toBe("the app's own");
});

test("in an Express app, before its body parsers", async () => {
  const own = express();
  own.use("/sync", getRequestListener(createMounted().fetch));
  own.use(express.json());
  own.post("/own", (request, response) => void response.json(request.body));
  const app = await overHttp(own);
  await expectToWork(app);
  const { port } = server!.address() as AddressInfo;
  const echoed = await fetch(`http://127.0.0.1:${port}/own`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"still":"parsed"}',
  });
  expect(await echoed.json()).toEqual({ still: "parsed" });
});
