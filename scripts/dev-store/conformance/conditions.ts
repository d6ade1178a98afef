/** Conditional requests: what a reader revalidates with, and what keeps writers from overwriting each other. */
import { describe, expect, it } from "vitest";
import { md5Of, send } from "./client.ts";
import type { Bench, Strictness } from "./target.ts";

const otherEtag = `"${md5Of("something else")}"`;

export function describeConditions(bench: () => Bench, strict: Strictness): void {
  describe("conditional reads", () => {
    it("answer 304 without a body when the ETag is the same", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const etag = (await admin.put(key, "x")).headers.etag ?? "";
      const get = await admin.get(key, { "if-none-match": etag });
      expect(get.status).toBe(304);
      expect(get.body).toHaveLength(0);
      expect((await admin.head(key, { "if-none-match": etag })).status).toBe(304);
    });

    it.skipIf(!strict.etagOn304)("name the ETag on 304", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const etag = (await admin.put(key, "x")).headers.etag ?? "";
      expect((await admin.get(key, { "if-none-match": etag })).headers.etag).toBe(etag);
    });

    it("answer 200 with the body when it is another", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const get = await admin.get(key, { "if-none-match": otherEtag });
      expect(get.status).toBe(200);
      expect(get.text).toBe("x");
    });

    it("answer 412 when If-Match names another", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const etag = (await admin.put(key, "x")).headers.etag ?? "";
      expect((await admin.get(key, { "if-match": otherEtag })).status).toBe(412);
      expect((await admin.get(key, { "if-match": etag })).status).toBe(200);
    });

    it("know the date", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const modified = (await admin.head(key)).headers["last-modified"] ?? "";
      expect((await admin.get(key, { "if-modified-since": modified })).status).toBe(304);
      expect(
        (await admin.get(key, { "if-modified-since": new Date(0).toUTCString() })).status,
      ).toBe(200);
      expect(
        (await admin.get(key, { "if-unmodified-since": new Date(0).toUTCString() })).status,
      ).toBe(412);
    });
  });

  describe("conditional writes", () => {
    it("If-None-Match: * writes only what is not there", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      expect((await admin.put(key, "first", { "if-none-match": "*" })).status).toBe(200);
      expect((await admin.put(key, "second", { "if-none-match": "*" })).status).toBe(412);
      expect((await admin.get(key)).text).toBe("first");
      await admin.delete(key);
      expect((await admin.put(key, "third", { "if-none-match": "*" })).status).toBe(200);
    });

    it("If-None-Match: * works unsigned, and once signed cannot be left out", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "first");
      const plain = await admin.presign({ method: "PUT", key });
      const condition = { "if-none-match": "*" };
      expect(
        (await send(plain, { method: "PUT", headers: condition, body: "second" })).status,
      ).toBe(412);
      const signed = await admin.presign({ method: "PUT", key, headers: condition });
      expect((await send(signed, { method: "PUT", body: "second" })).status).toBe(403);
      expect((await admin.get(key)).text).toBe("first");
    });

    it("of several that create, one wins", async () => {
      const { admin, freshKey } = bench();
      for (let round = 0; round < 3; round++) {
        const key = freshKey();
        const bodies = Array.from({ length: 12 }, (_, at) => `writer ${at}`);
        const answers = await Promise.all(
          bodies.map((body) => admin.put(key, body, { "if-none-match": "*" })),
        );
        const winners = bodies.filter((_, at) => answers[at]?.status === 200);
        expect(winners).toHaveLength(1);
        expect((await admin.get(key)).text).toBe(winners[0]);
      }
    });

    it("If-Match does not write over another version, nor where nothing is", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      expect([404, 412]).toContain((await admin.put(key, "x", { "if-match": otherEtag })).status);
      expect((await admin.head(key)).status).toBe(404);
      await admin.put(key, "old");
      expect((await admin.put(key, "new", { "if-match": otherEtag })).status).toBe(412);
      expect((await admin.get(key)).text).toBe("old");
    });

    it.skipIf(!strict.putIfMatch)(
      "If-Match writes over the version it names, and of several one wins",
      async () => {
        const { admin, freshKey } = bench();
        const key = freshKey();
        const etag = (await admin.put(key, "old")).headers.etag ?? "";
        const bodies = Array.from({ length: 12 }, (_, at) => `writer ${at}`);
        const answers = await Promise.all(
          bodies.map((body) => admin.put(key, body, { "if-match": etag })),
        );
        const winners = bodies.filter((_, at) => answers[at]?.status === 200);
        expect(winners).toHaveLength(1);
        expect((await admin.get(key)).text).toBe(winners[0]);
      },
    );

    it.skipIf(!strict.deleteIfMatch)("If-Match keeps a DELETE from another version", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      const etag = (await admin.put(key, "x")).headers.etag ?? "";
      expect((await admin.delete(key, { "if-match": otherEtag })).status).toBe(412);
      expect((await admin.get(key)).text).toBe("x");
      expect((await admin.delete(key, { "if-match": etag })).status).toBe(204);
    });
  });
}
