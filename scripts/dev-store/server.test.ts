/** What is the embedded store's own, beside what every store should do: its options, its disk, its strictness. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  codeOf,
  createBucketClient,
  send,
  sendShort,
  type HttpAnswer,
} from "./conformance/client.ts";
import type { CorsRule, RequestCount, StoreOptions } from "./index.ts";
import { makeTestDirectory, startTestStore, testBucket, testKey } from "./test-store.ts";

const origin = "http://app.example";
const cors: readonly CorsRule[] = [{ allowedOrigins: [origin], allowedMethods: ["GET", "PUT"] }];

describe("the data directory", () => {
  it("belongs to one store at a time, and can be opened again", async () => {
    const { store, dir } = await startTestStore();
    await expect(startTestStore({ dir })).rejects.toThrow(`in use by process ${process.pid}`);
    await Promise.all([store.close(), store.close()]);
    await store.close();
    const again = await startTestStore({ dir });
    await again.store.close();
    expect(await readdir(dir)).toEqual(["buckets"]);
  });

  it("keeps objects, their headers and the CORS rules over a restart, and no upload that was cut", async () => {
    const { store, client, dir } = await startTestStore();
    const headers = {
      "content-type": "text/x-test",
      "x-amz-meta-name": "é",
      "x-amz-checksum-crc32": "jNxcXA==",
    };
    await client.put("a/b", "gone");
    await client.put("a/c", "x", {
      "content-type": "text/x-test",
      "x-amz-meta-name": "v".repeat(6000),
    });
    await client.put("a/d", "over");
    expect(
      (await client.put("a/d", "written", { "content-type": headers["content-type"] })).status,
    ).toBe(200);
    await client.delete("a/b");
    const rule =
      "<AllowedOrigin>http://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";
    const xml = `<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`;
    expect((await client.callWithHeader({ method: "PUT", query: { cors: "" } }, xml)).status).toBe(
      200,
    );
    await store.close();
    await writeFile(join(dir, "buckets", testBucket, "temporary", "17"), "half of a bo");

    const after = await startTestStore({ dir });
    expect((await after.client.list({})).text.match(/<Key>[^<]*/g)).toEqual([
      "<Key>a/c",
      "<Key>a/d",
    ]);
    const c = await after.client.get("a/c");
    expect(c.headers["x-amz-meta-name"]).toBe("v".repeat(6000));
    const d = await after.client.get("a/d", { origin: "http://a.example" });
    expect(d.text).toBe("written");
    expect(d.headers["content-type"]).toBe("text/x-test");
    expect(d.headers["access-control-allow-origin"]).toBe("http://a.example");
    expect((await after.client.get("a/b")).status).toBe(404);
    expect(await after.temporaryFiles()).toEqual([]);
  });

  it("is not opened when something else has changed an object", async () => {
    const { store, client, dir } = await startTestStore();
    await client.put("key", "body");
    await store.close();
    const objects = join(dir, "buckets", testBucket, "objects");
    const [shard = ""] = await readdir(objects);
    const [file = ""] = await readdir(join(objects, shard));
    const whole = await readFile(join(objects, shard, file));
    for (const changed of [
      "something else",
      "",
      Buffer.concat([Buffer.from("+"), whole]),
      whole.subarray(1),
    ]) {
      await writeFile(join(objects, shard, file), changed);
      await expect(startTestStore({ dir })).rejects.toThrow("not a whole object file");
    }
    await rm(join(objects, shard, file));
    expect((await (await startTestStore({ dir })).client.get("key")).status).toBe(404);
  });

  it("holds every object, whatever dots and slashes its key has", async () => {
    const { client, store, dir } = await startTestStore();
    const parent = await readdir(join(dir, ".."));
    const signer = client.signer({ method: "PUT", key: "x" });
    const path = `/${testBucket}/a/../../../../../escaped`;
    signer.encodedPath = path;
    const { url } = await signer.sign();
    const status = await new Promise<string>((resolve) => {
      const socket = connect(store.port, "127.0.0.1");
      socket.once("data", (data: Buffer) => {
        resolve(data.toString().slice(0, 12));
        socket.destroy();
      });
      socket.write(
        `PUT ${path}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: 1\r\n\r\nx`,
      );
    });
    expect(status).toBe("HTTP/1.1 200");
    expect((await client.list({})).text).toContain("<Key>a/../../../../../escaped</Key>");
    expect(await readdir(join(dir, ".."))).toEqual(parent);
    expect((await readdir(dir)).filter((name) => !name.startsWith("lock-"))).toEqual(["buckets"]);
  });

  it("has no trace of an upload that broke off, nor of one under way when the store closes", async () => {
    const { store, client, temporaryFiles } = await startTestStore();
    const url = await client.presign({ method: "PUT", key: "key" });
    await sendShort(url, 1000, Buffer.alloc(500));
    await vi.waitFor(async () => expect(await temporaryFiles()).toEqual([]));
    const { pathname, search, host } = new URL(url);
    const socket = connect(store.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(
      `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n\r\nhalf`,
    );
    await vi.waitFor(async () => expect(await temporaryFiles()).toHaveLength(1));
    await store.close();
    expect(await temporaryFiles()).toEqual([]);
  });
});

describe("options", () => {
  it("limit the size of an object, and the refusal reaches a client that is still sending", async () => {
    const { client } = await startTestStore({ objectBytesMax: 1000 });
    expect((await client.put("key", Buffer.alloc(1000))).status).toBe(200);
    const large = await client.put("key", Buffer.alloc(8 * 1024 * 1024));
    expect(large.status).toBe(400);
    expect(codeOf(large)).toBe("EntityTooLarge");
    expect((await client.get("key")).body).toHaveLength(1000);
  });

  it("limit an object to 64 MiB when they say nothing", async () => {
    const { client } = await startTestStore();
    const bytes = 64 * 1024 * 1024;
    expect((await client.put("key", Buffer.alloc(bytes))).status).toBe(200);
    expect((await client.head("key")).headers["content-length"]).toBe(String(bytes));
    expect(codeOf(await client.put("other", Buffer.alloc(bytes + 1)))).toBe("EntityTooLarge");
  });

  it("limit how often one key is written", async () => {
    let nowMs = Date.now();
    const { client } = await startTestStore({ writeIntervalMs: 1500, now: () => nowMs, cors });
    expect((await client.put("key", "one")).status).toBe(200);
    nowMs += 100;
    const url = await client.presign({ method: "PUT", key: "key" });
    const slow = await send(url, { method: "PUT", body: "two", headers: { origin } });
    expect(slow.status).toBe(429);
    expect(codeOf(slow)).toBe("SlowDown");
    expect(slow.headers["retry-after"]).toBe("2");
    expect(slow.headers["access-control-expose-headers"]).toContain("Retry-After");
    expect((await client.put("other", "one")).status).toBe(200);
    expect((await client.get("key")).text).toBe("one");
    nowMs += 1400;
    expect((await client.put("key", "three")).status).toBe(200);
  });

  it("may bring the clock, and the times of a signature hold to the second", async () => {
    const at = new Date("2026-01-02T03:04:05Z");
    let nowMs = at.getTime();
    const { client } = await startTestStore({ now: () => nowMs });
    const put = await client.call({ method: "PUT", key: "key", at }, "x");
    expect(put.status).toBe(200);
    expect(put.headers.date).toBe(at.toUTCString());
    const statusAfter = async (ms: number, expires = 60): Promise<number> => {
      nowMs = at.getTime() + ms;
      return (await client.call({ key: "key", at, expires })).status;
    };
    expect(await statusAfter(60_000)).toBe(200);
    expect(await statusAfter(60_001)).toBe(403);
    expect(await statusAfter(604_800_000, 604_800)).toBe(200);
    expect(await statusAfter(604_800_001, 604_800)).toBe(403);
    expect(await statusAfter(-900_000)).toBe(200);
    expect(await statusAfter(-900_001)).toBe(403);
    for (const skewMs of [900_001, -900_001]) {
      nowMs = at.getTime() + skewMs;
      expect(codeOf(await client.callWithHeader({ key: "key", at }))).toBe("RequestTimeTooSkewed");
    }
  });

  it("may count requests", async () => {
    const counts: RequestCount[] = [];
    const { client, store } = await startTestStore({
      cors,
      onRequest: (request) => counts.push(request),
    });
    await client.put("a/key", "12345");
    await client.get("a/key", { origin });
    await client.head("a/key");
    const missing = await client.get("a/missing");
    await send(`${store.endpoint}/${testBucket}/a/key`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "GET" },
    });
    const list = await client.list({ prefix: "a/" });
    const anonymous = await send(`${store.endpoint}/${testBucket}/b`, {
      method: "PUT",
      body: "123",
    });
    const base = {
      bucket: testBucket,
      key: "a/key",
      requestBytes: 0,
      responseBytes: 0,
      origin: undefined,
    };
    expect(counts).toEqual([
      { ...base, method: "PUT", status: 200, requestBytes: 5 },
      { ...base, method: "GET", status: 200, responseBytes: 5, origin },
      { ...base, method: "HEAD", status: 200 },
      { ...base, method: "GET", status: 404, key: "a/missing", responseBytes: missing.body.length },
      { ...base, method: "OPTIONS", status: 200, origin },
      { ...base, method: "GET", status: 200, key: "", responseBytes: list.body.length },
      {
        ...base,
        method: "PUT",
        status: 403,
        key: "b",
        requestBytes: 3,
        responseBytes: anonymous.body.length,
      },
    ]);
    await sendShort(await client.presign({ method: "PUT", key: "short" }), 10, Buffer.from("half"));
    await vi.waitFor(() => expect(counts.at(-1)).toMatchObject({ key: "short", status: 0 }));
  });

  it.each<[string, Partial<StoreOptions>, string]>([
    ["a bucket name that is a path", { buckets: ["../up"] }, "../up is not a bucket name"],
    ["a bucket name that is too short", { buckets: ["ab"] }, "ab is not a bucket name"],
    [
      "two credentials with one access key",
      { credentials: [testKey, testKey].map((key) => ({ ...key, rights: {} })) },
      "the same access key",
    ],
    [
      "an empty secret",
      { credentials: [{ accessKeyId: "a", secretAccessKey: "", rights: {} }] },
      "an access key or its secret",
    ],
    [
      "a slash in an access key",
      { credentials: [{ accessKeyId: "a/b", secretAccessKey: "s", rights: {} }] },
      "an access key or its secret",
    ],
    [
      "a CORS method there is not",
      { cors: [{ allowedOrigins: ["*"], allowedMethods: ["PATCH"] }] },
      "CORS",
    ],
  ])("are refused with %s", async (_, options, message) => {
    const dir = await makeTestDirectory();
    await expect(startTestStore({ ...options, dir })).rejects.toThrow(message);
    expect(await readdir(dir)).toEqual([]);
  });

  it("leave the directory free when the port is taken", async () => {
    const { store } = await startTestStore();
    const dir = await makeTestDirectory();
    await expect(startTestStore({ dir, port: store.port })).rejects.toThrow("EADDRINUSE");
    expect((await startTestStore({ dir })).store.port).toBeGreaterThan(0);
  });
});

describe("what the store does not do, it refuses", () => {
  it.each([
    ["GET", "key", "acl"],
    ["GET", "key", "tagging"],
    ["GET", "key", "versionId"],
    ["GET", "key", "response-content-type"],
    ["PUT", "key", "partNumber"],
    ["PUT", "key", "x-amz-checksum-sha256"],
    ["PUT", "key", "X-Amz-Expect"],
    ["DELETE", "key", "versionId"],
    ["GET", undefined, "policy"],
    ["GET", undefined, "uploads"],
  ])("%s %s with the parameter %s", async (method, key, parameter) => {
    const { client } = await startTestStore();
    const answer = await client.call(
      { method, ...(key === undefined ? {} : { key }), query: { [parameter]: "1" } },
      ...(method === "PUT" ? ["x"] : []),
    );
    expect(answer.status).toBe(501);
    expect((await client.head("key")).status).toBe(404);
  });

  it.each([
    ["x-amz-acl", "public-read", 501],
    ["x-amz-copy-source", `/${testBucket}/source`, 501],
    ["x-amz-server-side-encryption", "AES256", 501],
    ["x-amz-checksum-crc32c", "AAAAAA==", 501],
    ["x-amz-storage-class", "GLACIER", 501],
    ["x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 501],
    ["x-amz-security-token", "token", 400],
    ["content-encoding", "aws-chunked", 501],
    ["if-none-match", '"abc"', 501],
  ])("a signed header %s: %s", async (name, value, status) => {
    const { client } = await startTestStore();
    await client.put("source", "secret");
    expect((await client.put("key", "x", { [name]: value })).status).toBe(status);
    expect((await client.head("key")).status).toBe(404);
  });

  it("other methods and other listings", async () => {
    const { client } = await startTestStore();
    expect((await client.call({ method: "POST", key: "key" }, "x")).status).toBe(405);
    expect((await client.call({ method: "DELETE" })).status).toBe(405);
    expect((await client.call({ method: "PUT" }, "")).status).toBe(405);
    expect((await client.call({})).status).toBe(501);
    expect((await client.list({ "max-keys": "many" })).status).toBe(400);
    expect((await client.list({ "continuation-token": "!" })).status).toBe(400);
    expect((await client.call({ method: "HEAD" })).status).toBe(200);
  });

  it("a header that decides something, sent twice", async () => {
    const { client } = await startTestStore();
    const url = await client.presign({
      method: "PUT",
      key: "key",
      headers: { "x-amz-meta-a": "1,2" },
    });
    for (const pairs of [
      ["x-amz-meta-a", "1", "x-amz-meta-a", "2"],
      ["x-amz-meta-a", "1,2", "content-type", "a/a", "content-type", "b/b"],
    ]) {
      expect((await send(url, { method: "PUT", headers: pairs, body: "x" })).status).toBe(400);
    }
    expect(
      (await send(url, { method: "PUT", headers: { "x-amz-meta-a": "1,2" }, body: "x" })).status,
    ).toBe(200);
  });

  it("a slash in a key spelled otherwise", async () => {
    const { client } = await startTestStore();
    await client.put("a/b", "x");
    const url = await client.presign({ key: "a/b" });
    expect(codeOf(await send(url.replace("a/b", "a%2Fb")))).toBe("InvalidURI");
  });
});

describe("a key that may read and not list", () => {
  it("is not told which objects are not there", async () => {
    const readOnly = {
      accessKeyId: "read-only",
      secretAccessKey: "secret",
      rights: { read: true },
    };
    const all = { read: true, write: true, list: true };
    const credentials = [readOnly, { ...testKey, rights: all }];
    const { client, store } = await startTestStore({ credentials });
    const address = { endpoint: store.endpoint, region: "us-east-1", bucket: testBucket };
    const reader = createBucketClient(address, readOnly);
    await client.put("key", "x");
    expect((await reader.get("key")).text).toBe("x");
    expect((await reader.get("missing")).status).toBe(403);
    expect((await reader.head("missing")).status).toBe(403);
  });
});

describe("CORS rules from the options", () => {
  it("allow the headers they name, and expose what a sync client reads", async () => {
    const rule = {
      allowedOrigins: ["https://*.example"],
      allowedMethods: ["PUT"],
      allowedHeaders: ["content-*"],
    };
    const { store } = await startTestStore({ cors: [rule] });
    const preflight = (from: string, headers: string): Promise<HttpAnswer> =>
      send(`${store.endpoint}/${testBucket}/key`, {
        method: "OPTIONS",
        headers: {
          origin: from,
          "access-control-request-method": "PUT",
          "access-control-request-headers": headers,
        },
      });
    const allowed = await preflight("https://app.example", "Content-Type");
    expect(allowed.status).toBe(200);
    expect(allowed.headers["access-control-allow-headers"]).toBe("content-type");
    expect(allowed.headers["access-control-expose-headers"]).toBe("ETag, Date, Retry-After");
    expect(allowed.headers["access-control-max-age"]).toBeUndefined();
    for (const [from, headers] of [
      ["https://app.example", "content-type, x-amz-meta-name"],
      ["https://app.example.evil", "content-type"],
      ["http://app.example", "content-type"],
      ["https://example", "content-type"],
    ] as const) {
      const answer = await preflight(from, headers);
      expect(answer.status).toBe(403);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });
});

describe("CORS rules from the API", () => {
  it.each([
    ["no rule", ""],
    ["no origin", "<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>"],
    ["no method", "<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>"],
    [
      "a method there is not",
      "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod></CORSRule>",
    ],
    [
      "two stars in an origin",
      "<CORSRule><AllowedOrigin>*.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>",
    ],
    ["more than 64 KB", " ".repeat(64 * 1024)],
  ])("are refused with %s", async (_, rules) => {
    const { client } = await startTestStore();
    const xml = `<CORSConfiguration>${rules}</CORSConfiguration>`;
    const put = await client.callWithHeader({ method: "PUT", query: { cors: "" } }, xml);
    expect(codeOf(put)).toBe("MalformedXML");
    expect(codeOf(await client.callWithHeader({ query: { cors: "" } }))).toBe(
      "NoSuchCORSConfiguration",
    );
  });
});

describe("an address in no bucket of the store", () => {
  it("is refused, readably for the page, whether it can be read or not", async () => {
    const { client, store } = await startTestStore({ cors });
    const url = (await client.presign({ key: "key" })).replace(testBucket, "other-bucket");
    for (const each of [url, `${store.endpoint}/`, `${store.endpoint}/%ff`]) {
      const answer = await send(each, { headers: { origin } });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers["access-control-allow-origin"]).toBe(origin);
    }
  });
});
