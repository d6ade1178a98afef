/** What is written is what is read: bodies, headers, names, ranges, checksums, and uploads that go wrong. */
import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { codeOf, md5Of, send, sendShort } from "./client.ts";
import type { Bench, Strictness } from "./target.ts";

const MEBIBYTE = 1024 * 1024;

const md5 = (body: string): string => createHash("md5").update(body).digest("base64");
/** A body that shows by itself whether it is whole. */
const solid = (value: number): Buffer => Buffer.alloc(64 * 1024, value);
const isWhole = (body: Buffer): boolean => body.equals(solid(body[0] ?? 0));

export function describeObjects(bench: () => Bench, strict: Strictness): void {
  describe("objects", () => {
    it("come back as they were written, with the MD5 in quotes as ETag", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const body = randomBytes(70_000);
      const etag = `"${md5Of(body)}"`;
      const put = await admin.put(key, body);
      expect(put.status).toBe(200);
      expect(put.headers.etag).toBe(etag);
      const get = await admin.get(key);
      expect(get.status).toBe(200);
      expect(get.body.equals(body)).toBe(true);
      expect(get.headers.etag).toBe(etag);
      expect(Number.isNaN(Date.parse(get.headers["last-modified"] ?? ""))).toBe(false);
      expect(Number.isNaN(Date.parse(get.headers.date ?? ""))).toBe(false);
      const head = await admin.head(key);
      expect(head.status).toBe(200);
      expect(head.headers.etag).toBe(etag);
      expect(head.headers["content-length"]).toBe("70000");
      expect(head.body).toHaveLength(0);
    });

    it("keep the headers given with them", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const headers = {
        "content-type": "application/x-thing",
        "cache-control": "no-cache",
        "content-encoding": "gzip",
        "x-amz-meta-name": "a  b",
      };
      expect((await admin.put(key, "x", headers)).status).toBe(200);
      const get = await admin.get(key);
      expect(get.headers["content-type"]).toBe("application/x-thing");
      expect(get.headers["cache-control"]).toBe("no-cache");
      expect(get.headers["content-encoding"]).toBe("gzip");
      expect(String(get.headers["x-amz-meta-name"]).replaceAll(/ +/g, " ")).toBe("a b");
      await admin.put(key, "y");
      expect((await admin.get(key)).headers["x-amz-meta-name"]).toBeUndefined();
    });

    it("may be empty", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      expect((await admin.put(key, "")).status).toBe(200);
      const get = await admin.get(key);
      expect(get.status).toBe(200);
      expect(get.body).toHaveLength(0);
      expect(get.headers.etag).toBe(`"${md5Of("")}"`);
    });

    it("are gone after DELETE, which may be repeated", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      expect((await admin.delete(key)).status).toBe(204);
      const get = await admin.get(key);
      expect(get.status).toBe(404);
      expect(codeOf(get)).toBe("NoSuchKey");
      expect((await admin.head(key)).status).toBe(404);
      expect((await admin.delete(key)).status).toBe(204);
    });

    it("may have any name", async () => {
      const { admin, freshKey } = bench();
      const names = [
        "sp ace",
        "plus+plus",
        "ünï-漢字-😀",
        "q'u(o)t*e!",
        "a&b=c;d,e@f$g:h",
        "%41pct",
        "~tilde",
        "#hash?q",
        "back\\slash",
        'quote"<x>',
        "trailing/",
        ".hidden",
        "...",
      ];
      for (const name of names) {
        const key = freshKey(name);
        expect({ [name]: (await admin.put(key, name)).status }).toEqual({ [name]: 200 });
        expect({ [name]: (await admin.get(key)).text }).toEqual({ [name]: name });
      }
    });

    it("may have a name of 1024 bytes and no more", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey().padEnd(1024, "k");
      expect((await admin.put(key, "x")).status).toBe(200);
      expect((await admin.get(key)).text).toBe("x");
      expect((await admin.put(`${key}k`, "x")).status).toBe(400);
    });

    it("may have a name that is the beginning of another", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "file");
      await admin.put(`${key}/inside`, "inside");
      await admin.put(`${key}/deep/er`, "deeper");
      await admin.put(`${key}/deep`, "deep");
      expect((await admin.get(key)).text).toBe("file");
      expect((await admin.get(`${key}/inside`)).text).toBe("inside");
      expect((await admin.get(`${key}/deep`)).text).toBe("deep");
      expect((await admin.get(`${key}/deep/er`)).text).toBe("deeper");
    });

    it("come in ranges", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const body = randomBytes(1000);
      await admin.put(key, body);
      for (const [range, from, to] of [
        ["bytes=0-99", 0, 100],
        ["bytes=-100", 900, 1000],
        ["bytes=900-", 900, 1000],
        ["bytes=990-2000", 990, 1000],
      ] as const) {
        const part = await admin.get(key, { range });
        expect({ [range]: part.status }).toEqual({ [range]: 206 });
        expect({ [range]: part.body.equals(body.subarray(from, to)) }).toEqual({ [range]: true });
        expect({ [range]: part.headers["content-range"] }).toEqual({
          [range]: `bytes ${from}-${to - 1}/1000`,
        });
      }
      expect((await admin.get(key, { range: "bytes=1000-1001" })).status).toBe(416);
    });
  });

  describe("checks on a body", () => {
    it("Content-MD5 holds, or nothing is written", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      expect((await admin.put(key, "old", { "content-md5": md5("old") })).status).toBe(200);
      expect((await admin.put(key, "new", { "content-md5": md5("other") })).status).toBe(400);
      expect((await admin.get(key)).text).toBe("old");
    });

    it("a signed x-amz-content-sha256 holds, or nothing is written", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "old");
      const sha256 = createHash("sha256").update("other").digest("hex");
      expect([400, 403]).toContain(
        (await admin.put(key, "new", { "x-amz-content-sha256": sha256 })).status,
      );
      expect((await admin.get(key)).text).toBe("old");
    });

    it.skipIf(!strict.checksums)("x-amz-checksum-* holds, or nothing is written", async () => {
      const { admin, freshKey } = bench();
      const digests: Readonly<Record<string, (body: string) => string>> = {
        sha256: (body) => createHash("sha256").update(body).digest("base64"),
        sha1: (body) => createHash("sha1").update(body).digest("base64"),
        crc32: (body) => {
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32BE(crc32(body));
          return bytes.toString("base64");
        },
      };
      for (const [algorithm, digest] of Object.entries(digests)) {
        const key = freshKey();
        const name = `x-amz-checksum-${algorithm}`;
        expect({ [name]: (await admin.put(key, "old", { [name]: digest("old") })).status }).toEqual(
          { [name]: 200 },
        );
        const wrong = await admin.put(key, "new", { [name]: digest("other") });
        expect({ [name]: wrong.status }).toEqual({ [name]: 400 });
        expect({ [name]: codeOf(wrong) }).toEqual({ [name]: "BadDigest" });
        expect({ [name]: (await admin.put(key, "new", { [name]: "nonsense" })).status }).toEqual({
          [name]: 400,
        });
        const head = await admin.call({
          method: "HEAD",
          key,
          headers: { "x-amz-checksum-mode": "ENABLED" },
        });
        expect({ [name]: head.headers[name] }).toEqual({ [name]: digest("old") });
      }
    });
  });

  describe("uploads that go wrong", () => {
    it("leave the old object when the body is shorter than announced", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "old");
      await sendShort(
        await admin.presign({ method: "PUT", key }),
        100_000,
        Buffer.alloc(50_000, 1),
      );
      expect((await admin.get(key)).text).toBe("old");
    });

    it("leave nothing where nothing was", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await sendShort(
        await admin.presign({ method: "PUT", key }),
        2 * MEBIBYTE,
        Buffer.alloc(MEBIBYTE, 1),
      );
      expect((await admin.get(key)).status).toBe(404);
    });

    it("are refused without a length", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const url = await admin.presign({ method: "PUT", key });
      const headers = { "transfer-encoding": "chunked" };
      const answer = await send(url, { method: "PUT", headers });
      expect(answer.status).toBe(411);
      expect((await admin.head(key)).status).toBe(404);
    });
  });

  describe("several at once", () => {
    it("writers of one key leave one whole object", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, at) => admin.put(key, solid(at))),
      );
      // Ceph answers some writers of a contended key with 409 or 503; what counts is that the object is whole.
      expect(answers.some(({ status }) => status === 200)).toBe(true);
      const get = await admin.get(key);
      expect(isWhole(get.body)).toBe(true);
      expect(get.headers.etag).toBe(`"${md5Of(get.body)}"`);
    });

    it("readers during an overwrite get the old one or the new one", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, solid(0));
      const writing = new AbortController();
      const write = async (): Promise<void> => {
        for (let version = 1; version <= 30; version++) await admin.put(key, solid(version));
        writing.abort();
      };
      const read = async (): Promise<void> => {
        while (!writing.signal.aborted) {
          const { status, body, headers } = await admin.get(key);
          expect(status).toBe(200);
          expect(isWhole(body)).toBe(true);
          expect(headers.etag).toBe(`"${md5Of(body)}"`);
        }
      };
      await Promise.all([write(), read(), read(), read()]);
    });

    it("writers of different keys do not disturb each other", async () => {
      const { admin, freshKey } = bench();
      const keys = Array.from({ length: 60 }, () => freshKey());
      const puts = await Promise.all(keys.map((key) => admin.put(key, key)));
      expect(puts.every(({ status }) => status === 200)).toBe(true);
      const gets = await Promise.all(keys.map((key) => admin.get(key)));
      expect(gets.map(({ text }) => text)).toEqual(keys);
    });
  });
}
