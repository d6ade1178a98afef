/** The service as a Cloudflare Worker, in the runtime that Cloudflare uses, on the embedded store. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Grant } from "../../shared/grants.ts";
import { objectContentType, parseGrant, revealSignedUrl } from "../../shared/grants.ts";
import type { KeyChallengeAnswer, SessionAnswer } from "../../shared/sign-in.ts";
import { keySignInText } from "../../shared/sign-in.ts";
import { createTestKey } from "../../service/test-world.ts";
import { cloudflareBundle } from "../build/bundles.ts";
import type { Store } from "../dev-store/index.ts";
import { startStore } from "../dev-store/index.ts";

const origin = "https://app.example.com";
const serviceUrl = "https://sync.example.com";
const bucket = "presync-test";
const keys = {
  read: { accessKeyId: "READ", secretAccessKey: "read-secret" },
  write: { accessKeyId: "WRITE", secretAccessKey: "write-secret" },
  admin: { accessKeyId: "ADMIN", secretAccessKey: "admin-secret" },
};

let directory: string;
let store: Store;
let script: string;
let runtimes: Miniflare[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "presync-cloudflare-"));
  store = await startStore({
    dir: directory,
    region: "us-east-1",
    buckets: [bucket],
    credentials: [
      { ...keys.read, rights: { read: true, list: true } },
      { ...keys.write, rights: { write: true } },
      { ...keys.admin, rights: { read: true, write: true, list: true } },
    ],
    sync: false,
  });
  const { outputFiles } = await build({ ...cloudflareBundle, write: false, logLevel: "error" });
  script = outputFiles[0]!.text;
  runtimes = [];
});

afterAll(async () => {
  for (const runtime of runtimes) await runtime.dispose();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

function start(changes: Readonly<Record<string, string>> = {}): Miniflare {
  const runtime = new Miniflare({
    modules: true,
    script,
    compatibilityDate: "2026-01-01",
    // What is logged is nothing to look at here.
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      for (const stream of [stdout, stderr]) stream.resume();
    },
    bindings: {
      PRESYNC_ENDPOINT: store.endpoint,
      PRESYNC_REGION: "us-east-1",
      PRESYNC_BUCKET: bucket,
      PRESYNC_READ_KEY_ID: keys.read.accessKeyId,
      PRESYNC_READ_KEY_SECRET: keys.read.secretAccessKey,
      PRESYNC_WRITE_KEY_ID: keys.write.accessKeyId,
      PRESYNC_WRITE_KEY_SECRET: keys.write.secretAccessKey,
      PRESYNC_ADMIN_KEY_ID: keys.admin.accessKeyId,
      PRESYNC_ADMIN_KEY_SECRET: keys.admin.secretAccessKey,
      PRESYNC_PUBLIC_URL: serviceUrl,
      PRESYNC_ORIGINS: origin,
      PRESYNC_SESSION_SECRET: "a-session-secret-that-is-long-enough",
      ...changes,
    },
  });
  runtimes.push(runtime);
  return runtime;
}

async function post<T>(runtime: Miniflare, path: string, body: object, token = ""): Promise<T> {
  const answer = await runtime.dispatchFetch(`${serviceUrl}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: {
      origin,
      "content-type": "application/json",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

test("somebody signs in, and writes and reads with the grant", async () => {
  const runtime = start();
  const key = await createTestKey();
  const { publicKey } = key;
  const { challenge } = await post<KeyChallengeAnswer>(runtime, "/v1/auth/key/challenge", {
    publicKey,
  });
  const signature = await key.sign(keySignInText(serviceUrl, challenge));
  const proof = { publicKey, challenge, signature };
  const signedIn = await post<SessionAnswer>(runtime, "/v1/auth/key/verify", proof);
  const refreshed = await post<SessionAnswer>(runtime, "/v1/auth/refresh", {}, signedIn.session);
  const answer = await post<object>(runtime, "/v1/grants", { kind: "browser" }, refreshed.session);
  const grant: Grant = parseGrant(answer);
  const put = revealSignedUrl(grant, "put", grant.replica, "manifest")!;
  const body = "some bytes";
  const headers = { "content-type": objectContentType };
  expect((await fetch(put, { method: "PUT", body, headers })).status).toBe(200);
  const got = await fetch(revealSignedUrl(grant, "get", grant.replica, "manifest")!);
  expect(await got.text()).toBe("some bytes");
});

test("a deployment that is not set up says so to its logs, and to nobody else which variable is wrong", async () => {
  const runtime = start({ PRESYNC_ORIGINS: "not an origin" });
  const answer = await runtime.dispatchFetch(`${serviceUrl}/healthz`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).toBe("the service is not set up\n");
});

test("there are no hints: nothing is shared between isolates that would carry them", async () => {
  const runtime = start({ PRESYNC_STORE_EVENTS_SECRET: "a-secret-of-the-store" });
  const stream = await runtime.dispatchFetch(`${serviceUrl}/v1/hints?replica=browser-00000a`);
  expect(stream.status).toBe(404);
  for (const path of ["/v1/hints", "/v1/signals", "/v1/store-events"])
    expect((await runtime.dispatchFetch(serviceUrl + path, { method: "POST" })).status).toBe(404);
});
