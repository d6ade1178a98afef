/** What a grant does not allow, the store refuses. Shown with real grants, on whichever store the run is on. */
import type { Grant } from "../shared/grants.ts";
import { encodeKey, objectContentType, revealSignedUrl } from "../shared/grants.ts";
import { manifestName } from "../shared/keys.ts";
import { signUp } from "./harness/node-client.ts";
import { expect, test } from "./fixtures.ts";

const headers = { "content-type": objectContentType };

async function put(url: string, body = "mine", more: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(url, { method: "PUT", body, headers: { ...headers, ...more } });
  await answer.arrayBuffer();
  return answer.status;
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(url);
  return { status: answer.status, text: await answer.text() };
}

function ownUrl(grant: Grant, method: "put" | "get", name = manifestName): string {
  return revealSignedUrl(grant, method, grant.replica, name) ?? "";
}

test("a grant allows its own keys", async ({ stack }) => {
  const { grant } = await signUp(stack.service.url);
  expect(await put(ownUrl(grant, "put"))).toBe(200);
  expect(await get(ownUrl(grant, "get"))).toEqual({ status: 200, text: "mine" });
  expect((await get(ownUrl(grant, "get", "seg/0/0"))).status).toBe(404);
});

test("a grant allows no other key, method or content", async ({ stack }) => {
  const [mine, theirs] = [await signUp(stack.service.url), await signUp(stack.service.url)];
  expect(await put(ownUrl(theirs.grant, "put"), "theirs")).toBe(200);
  const { grant } = mine;
  const own = encodeKey(grant.namespace, grant.replica, manifestName);
  const foreign = encodeKey(theirs.grant.namespace, theirs.grant.replica, manifestName);
  const [putUrl, getUrl] = [ownUrl(grant, "put"), ownUrl(grant, "get")];
  expect(putUrl).toContain(own);

  for (const key of [
    foreign,
    encodeKey(grant.namespace, theirs.grant.replica, manifestName),
    encodeKey(grant.namespace, grant.replica, "seg/0/1"),
    `${own}x`,
    `${own}/../../../${foreign}`,
    "%40service/replica-pool.json",
  ]) {
    expect(await put(putUrl.replace(own, key), "attack"), key).toBe(403);
    const answer = await get(getUrl.replace(own, key));
    expect(answer.status, key).toBe(403);
  }
  // A URL is good for its method alone.
  expect((await get(putUrl)).status).toBe(403);
  expect(await put(getUrl, "attack")).toBe(403);
  for (const url of [putUrl, getUrl])
    expect((await fetch(url, { method: "DELETE" })).status).toBe(403);
  // And for its content type.
  expect(await put(putUrl, "attack", { "content-type": "text/html" })).toBe(403);
  expect(await get(ownUrl(theirs.grant, "get"))).toEqual({ status: 200, text: "theirs" });
});

test("a grant cannot be stretched", async ({ stack }) => {
  const { grant } = await signUp(stack.service.url);
  for (const method of ["put", "get"] as const) {
    const good = new URL(ownUrl(grant, method));
    for (const [name, value] of [
      ["X-Amz-Expires", "9999999"],
      ["X-Amz-Date", "20991231T235959Z"],
      ["X-Amz-Signature", "0".repeat(64)],
      ["X-Amz-SignedHeaders", "host"],
    ] as const) {
      const bad = new URL(good);
      if (bad.searchParams.get(name) === value) continue;
      bad.searchParams.set(name, value);
      const status = method === "put" ? await put(bad.href) : (await get(bad.href)).status;
      expect([400, 403], `${method} ${name}`).toContain(status);
    }
  }
  const bare = new URL(ownUrl(grant, "put"));
  bare.search = "";
  expect(await put(bare.href)).toBe(403);
  expect((await get(bare.href)).status).toBe(403);
});

test("a signed PUT copies nobody's object and makes nothing public", async ({ stack }) => {
  const [mine, theirs] = [await signUp(stack.service.url), await signUp(stack.service.url)];
  expect(await put(ownUrl(theirs.grant, "put"), "their secret")).toBe(200);
  const { grant } = mine;
  const source = `/${stack.store.config.bucket}/${encodeKey(theirs.grant.namespace, theirs.grant.replica, manifestName)}`;
  // Refused, or taken for an ordinary PUT; in no case a copy.
  await put(ownUrl(grant, "put"), "", { "x-amz-copy-source": source });
  expect((await get(ownUrl(grant, "get"))).text).not.toContain("their secret");
  const status = await put(ownUrl(grant, "put"), "mine", { "x-amz-acl": "public-read" });
  const { origin, pathname } = new URL(ownUrl(grant, "get"));
  expect((await get(origin + pathname)).status, `after a PUT answered ${status}`).toBe(403);
});

test.describe("with grants of a second", () => {
  test.use({ stackOptions: { grantSeconds: 1 } });

  test("a grant ends", async ({ stack }) => {
    const { grant } = await signUp(stack.service.url);
    await expect.poll(() => put(ownUrl(grant, "put")), { intervals: [500] }).toBe(403);
    expect((await get(ownUrl(grant, "get"))).status).toBe(403);
  });
});

test("the service refuses sessions that are not its own, and foreign replicas", async ({
  stack,
}) => {
  const [mine, theirs] = [await signUp(stack.service.url), await signUp(stack.service.url)];
  const ask = async (token: string, body: unknown): Promise<number> => {
    const answer = await fetch(`${stack.service.url}/v1/grants`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  expect(await ask(mine.token, { kind: "node", replica: mine.grant.replica })).toBe(200);
  expect(await ask(mine.token, { kind: "node", replica: theirs.grant.replica })).toBe(403);
  const [head, payload, signature] = mine.token.split(".");
  const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: theirs.grant.namespace })).toString(
    "base64url",
  );
  const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  for (const token of [
    `${head}.${forged}.${signature}`,
    `${none}.${forged}.`,
    `${none}.${forged}.${signature}`,
    "",
  ])
    expect(await ask(token, { kind: "node" })).toBe(401);
});
