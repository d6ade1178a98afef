/**
 * What a write-only and a read-only key are good for, and the attacks they are there to stop: whoever holds a
 * presigned PUT adds a header and hopes to get another tenant's object, or to make one public.
 */
import { describe, expect, it } from "vitest";
import { refusalOf, send } from "./client.ts";
import type { Bench } from "./target.ts";

export function describeRights(bench: () => Bench): void {
  describe("a write-only key", () => {
    it("writes and overwrites", async () => {
      const { writer, reader, freshKey } = bench();
      const key = freshKey();
      expect((await writer.put(key, "one")).status).toBe(200);
      expect((await writer.put(key, "two")).status).toBe(200);
      expect((await reader.get(key)).text).toBe("two");
    });

    it("creates only what is not there, when asked to", async () => {
      const { writer, reader, freshKey } = bench();
      const key = freshKey();
      expect((await writer.put(key, "one", { "if-none-match": "*" })).status).toBe(200);
      expect((await writer.put(key, "two", { "if-none-match": "*" })).status).toBe(412);
      expect((await reader.get(key)).text).toBe("one");
    });

    it("neither reads, nor lists, nor deletes, nor learns which keys exist", async () => {
      const { writer, reader, freshKey } = bench();
      const key = freshKey();
      await writer.put(key, "secret");
      for (const each of [key, freshKey("missing")]) {
        expect((await writer.get(each)).status).toBe(403);
        expect((await writer.head(each)).status).toBe(403);
        expect((await writer.delete(each)).status).toBe(403);
      }
      expect((await writer.list({ prefix: key })).status).toBe(403);
      expect((await reader.get(key)).text).toBe("secret");
    });

    it("copies nothing, whether the copy header is signed or not", async () => {
      const { admin, writer, bucket, freshKey } = bench();
      const [ofAdmin, ofWriter] = [freshKey("bob"), freshKey("bob")];
      await admin.put(ofAdmin, "secret");
      // What every tenant has was written with the very key that signs the attacker's URL.
      await writer.put(ofWriter, "secret");
      const sources = [ofAdmin, ofWriter].map((key) => `/${bucket}/${key}`);
      for (const copy of [
        ...sources.map((source) => ({ "x-amz-copy-source": source })),
        ...sources.map((source) => ({ "x-amz-copy-source": `${source}?versionId=null` })),
        ...sources.map((source) => ({ "x-amz-copy-source": encodeURIComponent(source) })),
        ...sources.map((source) => ({
          "x-amz-copy-source": source,
          "x-amz-copy-source-range": "bytes=0-5",
        })),
      ]) {
        const unsigned = freshKey("alice");
        const url = await writer.presign({ method: "PUT", key: unsigned });
        expect((await send(url, { method: "PUT", headers: copy, body: "" })).status).toBe(403);
        expect((await admin.head(unsigned)).status).toBe(404);
        const signed = freshKey("alice");
        expect((await writer.call({ method: "PUT", key: signed, headers: copy }, "")).status).toBe(
          403,
        );
        expect((await admin.head(signed)).status).toBe(404);
      }
    });

    it.each([
      ["x-amz-acl", "public-read"],
      ["x-amz-acl", "public-read-write"],
      ["x-amz-acl", "authenticated-read"],
      ["x-amz-grant-read", 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'],
      ["x-amz-grant-full-control", 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'],
    ])("gives nobody access with %s: %s", async (name, value) => {
      const { writer, endpoint, bucket, freshKey } = bench();
      const headers = { [name]: value };
      const key = freshKey();
      const address = `${endpoint}/${bucket}/${key}`;
      const url = await writer.presign({ method: "PUT", key });
      expect(refusalOf(await send(url, { method: "PUT", headers, body: "mine" }))).toBe("refused");
      expect(refusalOf(await send(address))).toBe("refused");
      expect(
        (await writer.call({ method: "PUT", key, headers }, "mine")).status,
      ).toBeGreaterThanOrEqual(400);
      expect(refusalOf(await send(address))).toBe("refused");
      expect((await writer.get(key)).status).toBe(403);
    });

    it("changes nothing about the bucket", async () => {
      const { writer } = bench();
      const cors = await writer.callWithHeader(
        { method: "PUT", query: { cors: "" } },
        "<CORSConfiguration/>",
      );
      expect(cors.status).toBe(403);
      expect((await writer.callWithHeader({ query: { cors: "" } })).status).toBe(403);
    });
  });

  describe("a read-only key", () => {
    it("reads and lists, and gets 404 for what is not there", async () => {
      const { writer, reader, freshKey } = bench();
      const key = freshKey();
      await writer.put(key, "x");
      expect((await reader.get(key)).text).toBe("x");
      expect((await reader.head(key)).status).toBe(200);
      expect((await reader.list({ prefix: key })).text).toContain(`<Key>${key}</Key>`);
      expect((await reader.get(freshKey())).status).toBe(404);
      expect((await reader.head(freshKey())).status).toBe(404);
    });

    it("neither writes, nor copies, nor deletes", async () => {
      const { writer, reader, bucket, freshKey } = bench();
      const key = freshKey();
      await writer.put(key, "x");
      expect((await reader.put(key, "evil")).status).toBe(403);
      expect((await reader.delete(key)).status).toBe(403);
      const target = freshKey();
      const copy = { "x-amz-copy-source": `/${bucket}/${key}` };
      expect((await reader.call({ method: "PUT", key: target, headers: copy }, "")).status).toBe(
        403,
      );
      expect((await reader.get(key)).text).toBe("x");
      expect((await reader.head(target)).status).toBe(404);
    });
  });

  describe("the owner's key", () => {
    it("does what the others do, with what the others wrote", async () => {
      const { admin, writer, freshKey } = bench();
      const key = freshKey();
      await writer.put(key, "x");
      expect((await admin.get(key)).text).toBe("x");
      expect((await admin.put(key, "y")).status).toBe(200);
      expect((await writer.put(key, "z")).status).toBe(200);
      expect((await admin.list({ prefix: key })).text).toContain(`<Key>${key}</Key>`);
      expect((await admin.delete(key)).status).toBe(204);
      expect((await admin.get(key)).status).toBe(404);
    });
  });

  describe("another bucket", () => {
    it("is not there for any key", async () => {
      const { admin, writer, reader, bucket, freshKey } = bench();
      for (const client of [admin, writer, reader]) {
        const url = await client.presign({ key: freshKey() });
        const elsewhere = await send(url.replace(`/${bucket}/`, "/another-bucket/"));
        expect([403, 404]).toContain(elsewhere.status);
      }
    });
  });
}
