/** What a user can try with the signed URLs of an own grant: the store is what refuses it. */
import { request as httpRequest } from "node:http";
import type { Hono } from "hono";
import { beforeEach, describe, expect, it } from "vitest";
import type { Grant } from "../../shared/grants.ts";
import { encodeKey, objectContentType, revealSignedUrl } from "../../shared/grants.ts";
import { manifestName } from "../../shared/keys.ts";
import { createTestKey, getGrant, signIn } from "../../service/test-world.ts";
import type { AttackWorld } from "./world.ts";
import { bucketState } from "./world.ts";

const mine = "mine";
const secret = "their secret";

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Sends the path as it stands; `fetch` and `URL` would tidy it up. */
function ask(
  method: string,
  url: string,
  body = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const [, host = "", port = "", path = ""] = /^http:\/\/([^:/]+):(\d+)(\/.*)$/.exec(url) ?? [];
  return new Promise((resolve, reject) => {
    const type = method === "PUT" ? { "content-type": objectContentType } : {};
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const outgoing = httpRequest(
      { host, port, path, method, headers: { ...type, ...length, ...headers }, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () =>
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const put = (url: string, body: string, headers?: Record<string, string>): Promise<Answer> =>
  ask("PUT", url, body, headers);
const get = (url: string): Promise<Answer> => ask("GET", url);

async function grantOf(app: Hono): Promise<Grant> {
  return getGrant(app, (await signIn(app, await createTestKey())).session);
}

function ownUrl(grant: Grant, method: "put" | "get", name = manifestName): string {
  return revealSignedUrl(grant, method, grant.replica, name) ?? "";
}

export function attackGrants(getWorld: () => AttackWorld): void {
  describe("with signed URLs", () => {
    let world: AttackWorld;
    let own: Grant;
    let theirs: Grant;
    let ownKey: string;
    let theirKey: string;

    beforeEach(async () => {
      world = getWorld();
      own = await grantOf(world.app);
      theirs = await grantOf(world.app);
      ownKey = encodeKey(own.namespace, own.replica, manifestName);
      theirKey = encodeKey(theirs.namespace, theirs.replica, manifestName);
      expect((await put(ownUrl(own, "put"), mine)).status).toBe(200);
      expect((await put(ownUrl(theirs, "put"), secret)).status).toBe(200);
      expect(await get(ownUrl(own, "get"))).toEqual({ status: 200, text: mine });
    });

    /** The bucket is as it was, to the letter. */
    const expectHarmless = async (attack: () => Promise<void>): Promise<void> => {
      const before = await bucketState(world);
      await attack();
      expect(await bucketState(world)).toEqual(before);
    };

    it("forged: a URL of which anything was changed, or without a signature, is refused", () =>
      expectHarmless(async () => {
        for (const method of ["put", "get"] as const) {
          const good = new URL(ownUrl(own, method));
          const bare = new URL(good);
          bare.search = "";
          const forged = [bare];
          for (const [name, value] of [
            ["X-Amz-Expires", "604801"],
            ["X-Amz-Expires", "9999999"],
            ["X-Amz-Date", "20991231T235959Z"],
            ["X-Amz-Signature", "0".repeat(64)],
            ["X-Amz-SignedHeaders", "x-amz-date"],
            ["X-Amz-Credential", good.searchParams.get("X-Amz-Credential")!.replace("/", "x/")],
          ] as const) {
            const changed = new URL(good);
            changed.searchParams.set(name, value);
            forged.push(changed);
          }
          for (const { href } of forged) {
            const { status } = method === "put" ? await put(href, "attack") : await get(href);
            expect([400, 401, 403], `${method} ${href}`).toContain(status);
          }
        }
      }));

    it("forged: a URL is good for its method and content type alone", () =>
      expectHarmless(async () => {
        const [putUrl, getUrl] = [ownUrl(own, "put"), ownUrl(own, "get")];
        expect((await get(putUrl)).status).toBe(403);
        expect((await put(getUrl, "attack")).status).toBe(403);
        const html = { "content-type": "text/html" };
        expect((await put(putUrl, "attack", html)).status).toBe(403);
        for (const url of [putUrl, getUrl]) expect((await ask("DELETE", url)).status).toBe(403);
        for (const part of ["acl", "tagging", "policy"])
          expect((await put(`${putUrl}&${part}=`, "attack")).status).toBeGreaterThanOrEqual(400);
      }));

    it("expired: a URL is refused when its time is over", async () => {
      const brief = await grantOf(world.another({ grantSeconds: 1 }));
      const url = ownUrl(brief, "put");
      await expect
        .poll(async () => (await put(url, "attack")).status, { interval: 500, timeout: 20_000 })
        .toBe(403);
      expect((await get(ownUrl(brief, "get"))).status).toBe(403);
    });

    it("foreign prefix: a URL leads to no other user, device or object", () =>
      expectHarmless(async () => {
        for (const key of [
          theirKey,
          encodeKey(own.namespace, theirs.replica, manifestName),
          encodeKey(own.namespace, own.replica, "seg/0/1"),
          `${ownKey}x`,
          "%40service/replica-pool.json",
        ]) {
          expect((await put(ownUrl(own, "put").replace(ownKey, key), "attack")).status).toBe(403);
          expect((await get(ownUrl(own, "get").replace(ownKey, key))).status).toBe(403);
        }
      }));

    it("traversal: no spelling of a key leads out of it", () =>
      expectHarmless(async () => {
        const up = ["..", "%2e%2e", "%2E%2E", ".%2e", "%252e%252e", "..%2f..", "..%5c.."];
        const spellings = [
          ...up.flatMap((step) => [
            `${ownKey}/${step}/${step}/${step}/${theirKey}`,
            `${ownKey.replace(`/${manifestName}`, "")}/${step}/${step}/${theirKey}`,
          ]),
          `${ownKey}%00${theirKey}`,
          `${ownKey};/${theirKey}`,
          `/${theirKey}`,
          `./${theirKey}`,
          theirKey.replaceAll("/", "%2f"),
          theirKey.replaceAll("%3A", ":"),
          `${theirKey}?${ownKey}`,
          `${theirKey}#${ownKey}`,
        ];
        for (const key of spellings) {
          await put(ownUrl(own, "put").replace(ownKey, key), "attack");
          expect((await get(ownUrl(own, "get").replace(ownKey, key))).text).not.toContain(secret);
        }
      }));

    it.each([
      ["plainly", (source: string) => source],
      ["encoded", (source: string) => source.replaceAll("/", "%2F")],
      ["without a slash in front", (source: string) => source.slice(1)],
      ["with a version", (source: string) => `${source}?versionId=null`],
      ["with an empty version", (source: string) => `${source}?versionId=`],
      ["as the service's own", () => `/${world.store.bucket}/%40service/replica-pool.json`],
    ])("copy-source header: a PUT copies nobody's object, named %s", async (_how, spell) => {
      const source = spell(`/${world.store.bucket}/${theirKey}`);
      // Refused, or taken for an ordinary PUT; in no case a copy.
      for (const more of [
        {},
        { "x-amz-metadata-directive": "REPLACE" },
        { "x-amz-copy-source-range": "bytes=0-11" },
        { "x-amz-copy-source-range": "bytes=0-11", "x-amz-metadata-directive": "COPY" },
      ])
        await put(ownUrl(own, "put"), "", { "x-amz-copy-source": source, ...more });
      const { text } = await get(ownUrl(own, "get"));
      expect(["", mine]).toContain(text);
    });

    const everybody = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"';
    it.each([
      ["x-amz-acl", "public-read"],
      ["x-amz-acl", "public-read-write"],
      ["x-amz-grant-read", everybody],
      ["x-amz-grant-full-control", everybody],
    ])("ACL header: a PUT makes nothing public with %s: %s", async (name, value) => {
      const { status } = await put(ownUrl(own, "put"), mine, { [name]: value });
      const { origin, pathname } = new URL(ownUrl(own, "get"));
      expect((await get(origin + pathname)).status, `after a PUT answered ${status}`).toBe(403);
    });
  });
}
