/** The service against the embedded store, which checks every signature by itself. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExportAnswer } from "../../shared/devices.ts";
import type { Grant } from "../../shared/grants.ts";
import { objectContentType, parseGrant, revealSignedUrl } from "../../shared/grants.ts";
import { objectNames } from "../../shared/keys.ts";
import type { ServiceConfig } from "../../service/config.ts";
import { createService } from "../../service/create-service.ts";
import { silentLog } from "../../service/log.ts";
import { listen } from "../../service/node.ts";
import {
  appOrigin,
  askGrant,
  createTestKey,
  getDevices,
  getGrant,
  postAs,
  refusalOf,
  signIn,
  testConfig,
} from "../../service/test-world.ts";
import type { Store } from "../dev-store/index.ts";
import { startStore } from "../dev-store/index.ts";

const bucket = "presync-test";
const rights = {
  read: { read: true, list: true },
  write: { write: true },
  admin: { read: true, write: true, list: true, delete: true },
};
const clock = { ms: 0 };
let directory: string;
let store: Store;
let config: ServiceConfig;

beforeEach(async () => {
  clock.ms = Date.UTC(2026, 0, 2, 3, 4, 5);
  directory = await mkdtemp(join(tmpdir(), "presync-service-"));
  const { read, write, admin, region } = testConfig.store;
  store = await startStore({
    dir: directory,
    region,
    buckets: [bucket],
    credentials: [
      { ...read, rights: rights.read },
      { ...write, rights: rights.write },
      { ...admin, rights: rights.admin },
    ],
    now: () => clock.ms,
    sync: false,
  });
  const { endpoint } = store;
  config = {
    ...testConfig,
    store: { ...testConfig.store, endpoint, bucket },
    now: () => clock.ms,
    grantSeconds: 3600,
  };
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

function urlOf(grant: Grant, method: "put" | "get", name: string): string {
  return revealSignedUrl(grant, method, grant.replica, name) ?? "";
}

async function put(url: string): Promise<number> {
  const response = await fetch(url, {
    method: "PUT",
    body: new Uint8Array([1, 2, 3]),
    headers: { "content-type": objectContentType },
  });
  await response.arrayBuffer();
  return response.status;
}

async function get(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

describe("a grant on the embedded store", () => {
  it("writes and reads each of its keys, and finds missing ones missing", async () => {
    const app = createService(config);
    const grant = await getGrant(app, (await signIn(app, await createTestKey())).session);
    for (const name of objectNames(grant.layout)) {
      expect(await get(urlOf(grant, "get", name))).toBe(404);
      expect(await put(urlOf(grant, "put", name))).toBe(200);
      expect(await get(urlOf(grant, "get", name))).toBe(200);
    }
    for (const { replica, state } of grant.get.replicas)
      expect(await get(revealSignedUrl(grant, "get", replica, "manifest") ?? "")).toBe(
        state === "own" ? 200 : 404,
      );
  });

  it("is good until the second in which it ends", async () => {
    const app = createService(config);
    const grant = await getGrant(app, (await signIn(app, await createTestKey())).session);
    const url = urlOf(grant, "put", "manifest");
    clock.ms = grant.expiresAt;
    expect(await put(url)).toBe(200);
    clock.ms += 1000;
    expect(await put(url)).toBe(403);
    expect(await get(urlOf(grant, "get", "manifest"))).toBe(403);
  });

  it("reads replicas that joined later by names that were in reserve", async () => {
    const app = createService(config);
    const { session } = await signIn(app, await createTestKey());
    const before = await getGrant(app, session);
    const joined = await getGrant(app, session, { kind: "node" });
    expect(await put(urlOf(joined, "put", "manifest"))).toBe(200);
    const url = revealSignedUrl(before, "get", joined.replica, "manifest");
    expect(await get(url ?? "")).toBe(200);
  });

  it("is exported with URLs that only read, and deleted with everything there is", async () => {
    const app = createService(config);
    const { session, namespace } = await signIn(app, await createTestKey());
    const grant = await getGrant(app, session);
    for (const name of ["seg/0/0", "manifest"]) await put(urlOf(grant, "put", name));
    const [device] = await getDevices(app, session);
    expect(device).toMatchObject({ replica: grant.replica, objects: 2, bytes: 6 });
    const exported = (await (
      await postAs(app, session, "/v1/everything/export", {})
    ).json()) as ExportAnswer;
    expect(exported.objects.map(({ name }) => name)).toEqual([
      `${grant.replica}/manifest`,
      `${grant.replica}/seg/0/0`,
    ]);
    for (const { url } of exported.objects) {
      expect(await get(url)).toBe(200);
      expect(await put(url)).toBe(403);
      expect(await get(url.replace(grant.replica, "browser-000000000000"))).toBe(403);
    }
    clock.ms += 901_000;
    for (const { url } of exported.objects) expect(await get(url)).toBe(403);
    const confirm = { confirm: namespace, finish: true };
    const deleted = await postAs(app, session, "/v1/everything/delete", confirm);
    expect(await deleted.json()).toEqual({ done: true });
    expect(await get(urlOf(grant, "get", "manifest"))).toBe(404);
  });

  it("names all replicas differently that ask two instances at once", async () => {
    const instances = [createService(config), createService(config)] as const;
    const { session } = await signIn(instances[0], await createTestKey());
    const grants = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        getGrant(instances[index % 2 === 0 ? 0 : 1], session),
      ),
    );
    expect(new Set(grants.map((grant) => grant.replica)).size).toBe(12);
    const last = await getGrant(instances[0], session, { kind: "node" });
    expect(last.get.replicas.filter(({ state }) => state === "active")).toHaveLength(12);
  });

  it("is refused for now while the store is down", async () => {
    const app = createService(config);
    const { session } = await signIn(app, await createTestKey());
    await store.close();
    expect(await refusalOf(askGrant(app, session, { kind: "browser" }))).toBe("503 retry");
  });

  it("comes over HTTP as well", async () => {
    const service = await listen({ ...config, log: silentLog }, { port: 0 });
    try {
      const app = createService(config);
      const { session } = await signIn(app, await createTestKey());
      const answer = await fetch(`${service.url}/v1/grants`, {
        method: "POST",
        body: JSON.stringify({ kind: "browser" }),
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${session}`,
          origin: appOrigin,
        },
      });
      expect(answer.headers.get("access-control-allow-origin")).toBe(appOrigin);
      expect(answer.headers.get("date")).toBe(new Date(clock.ms).toUTCString());
      const grant = parseGrant(await answer.json());
      expect(await put(urlOf(grant, "put", "manifest"))).toBe(200);
    } finally {
      await service.close();
      await service.close();
    }
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow("fetch failed");
  });
});
