/** Who is let in: signatures, their time, their scope, and what they cover. */
import { describe, expect, it } from "vitest";
import { amzDate, codeOf, refusalOf, send } from "./client.ts";
import type { Bench, Strictness } from "./target.ts";

const HOUR_MS = 3_600_000;
const ago = (agoMs: number): Date => new Date(Date.now() - agoMs);

export function describeSignatures(bench: () => Bench, strict: Strictness): void {
  describe("signatures", () => {
    it("takes one in the query", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      expect((await admin.put(key, "x")).status).toBe(200);
      expect((await admin.get(key)).text).toBe("x");
    });

    it("takes one in the Authorization header", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      expect((await admin.callWithHeader({ method: "PUT", key }, "x")).status).toBe(200);
      expect((await admin.callWithHeader({ key })).text).toBe("x");
    });

    it("refuses the wrong secret and the unknown key", async () => {
      const { admin, freshKey } = bench();
      const url = await admin.presign({ key: freshKey() });
      const flipped = url.replace(
        /(Signature=)(.)/,
        (_, name, digit) => `${name}${digit === "0" ? "1" : "0"}`,
      );
      expect((await send(flipped)).status).toBe(403);
      expect((await send(url.replace(/(Credential=)\w+/, "$1nobody"))).status).toBe(403);
      expect((await send(url.replace(/(Signature=)\w+/, "$1"))).status).toBeGreaterThanOrEqual(400);
    });

    it("refuses the anonymous", async () => {
      const { admin, endpoint, bucket, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const url = `${endpoint}/${bucket}/${key}`;
      expect(refusalOf(await send(url))).toBe("refused");
      expect(refusalOf(await send(url, { method: "HEAD" }))).toBe("refused");
      expect(refusalOf(await send(url, { method: "PUT", body: "y" }))).toBe("refused");
      expect(refusalOf(await send(url, { method: "DELETE" }))).toBe("refused");
      expect(refusalOf(await send(`${endpoint}/${bucket}?list-type=2`))).toBe("refused");
      expect((await admin.get(key)).text).toBe("x");
    });

    it("refuses a URL used for another key", async () => {
      const { admin, writer, freshKey } = bench();
      const mine = freshKey("alice");
      const other = freshKey("bob");
      await admin.put(mine, "mine");
      await admin.put(other, "other");
      const getUrl = await admin.presign({ key: mine });
      expect((await send(getUrl.replace(mine, other))).status).toBe(403);
      const putUrl = await writer.presign({ method: "PUT", key: mine });
      expect(
        (await send(putUrl.replace(mine, other), { method: "PUT", body: "evil" })).status,
      ).toBe(403);
      expect(
        (await send(putUrl.replace(mine, freshKey()), { method: "PUT", body: "evil" })).status,
      ).toBe(403);
      expect((await admin.get(other)).text).toBe("other");
    });

    it("refuses a URL used for another method", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const getUrl = await admin.presign({ key });
      const putUrl = await admin.presign({ method: "PUT", key });
      expect((await send(getUrl, { method: "PUT", body: "evil" })).status).toBe(403);
      expect((await send(getUrl, { method: "DELETE" })).status).toBe(403);
      expect((await send(putUrl)).status).toBe(403);
      expect((await admin.get(key)).text).toBe("x");
    });

    it("refuses a query that was changed, extended or cut", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const url = await admin.presign({ key, expires: 60 });
      expect((await send(`${url}&response-content-type=text%2Fhtml`)).status).toBe(403);
      expect((await send(url.replace("Expires=60", "Expires=6000"))).status).toBe(403);
      for (const name of new URL(url).searchParams.keys()) {
        const cut = new URL(url);
        cut.searchParams.delete(name);
        expect({ [name]: refusalOf(await send(cut.toString())) }).toEqual({ [name]: "refused" });
      }
    });

    it("refuses a second value for a parameter of the signature", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const url = await admin.presign({ key, expires: 60, at: ago(2 * HOUR_MS) });
      const [address = "", query = ""] = url.split("?");
      for (const second of ["X-Amz-Expires=604800", `X-Amz-Date=${amzDate(new Date())}`]) {
        const before = await send(`${address}?${second}&${query}`);
        expect({ [second]: refusalOf(before) }).toEqual({ [second]: "refused" });
        const after = await send(`${url}&${second}`);
        expect({ [second]: refusalOf(after) }).toEqual({ [second]: "refused" });
      }
    });

    it.skipIf(!strict.repeatedParameters)("refuses even the same value twice", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const url = await admin.presign({ key });
      for (const [name, value] of new URL(url).searchParams) {
        const repeated = await send(`${url}&${name}=${encodeURIComponent(value)}`);
        expect({ [name]: repeated.status }).toEqual({ [name]: 400 });
      }
    });

    it("refuses a URL that has expired", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      expect((await admin.call({ key, expires: 60, at: ago(2 * HOUR_MS) })).status).toBe(403);
      expect((await admin.call({ key, expires: 604_800, at: ago(8 * 24 * HOUR_MS) })).status).toBe(
        403,
      );
      expect((await admin.call({ key, expires: 604_800, at: ago(6 * 24 * HOUR_MS) })).status).toBe(
        200,
      );
    });

    it("refuses a life of more than seven days, or of none", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      for (const expires of [604_801, 99_999_999, 0, -1, "soon"]) {
        expect({ [expires]: refusalOf(await admin.call({ key, expires })) }).toEqual({
          [expires]: "refused",
        });
      }
      expect((await admin.call({ key, expires: 604_800 })).status).toBe(200);
    });

    it.skipIf(!strict.futureDates)(
      "refuses a URL from the future, beyond what clocks differ by",
      async () => {
        const { admin, freshKey } = bench();
        const key = freshKey();
        await admin.put(key, "x");
        expect((await admin.call({ key, at: new Date(Date.now() + HOUR_MS) })).status).toBe(403);
        expect((await admin.call({ key, at: new Date(Date.now() + HOUR_MS / 6) })).status).toBe(
          200,
        );
      },
    );

    it.skipIf(!strict.scope)("refuses a signature for another region or service", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      expect(refusalOf(await admin.call({ key, region: "mars-north-9" }))).toBe("refused");
      expect(refusalOf(await admin.call({ key, service: "sqs" }))).toBe("refused");
      expect(refusalOf(await admin.callWithHeader({ key, region: "mars-north-9" }))).toBe(
        "refused",
      );
    });

    it("refuses a date that is not the one in the scope", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const url = new URL(await admin.presign({ key }));
      url.searchParams.set("X-Amz-Date", amzDate(new Date(Date.now() - 24 * HOUR_MS)));
      expect(refusalOf(await send(url.toString()))).toBe("refused");
    });

    it.skipIf(!strict.signedHost)("refuses a signature that does not cover the host", async () => {
      const { admin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const signer = admin.signer({ key, headers: { "x-amz-meta-a": "b" } });
      signer.signedHeaders = "x-amz-meta-a";
      signer.canonicalHeaders = "x-amz-meta-a:b";
      signer.url.searchParams.set("X-Amz-SignedHeaders", signer.signedHeaders);
      signer.encodedSearch = signer.encodedSearch.replace("host%3Bx-amz-meta-a", "x-amz-meta-a");
      const { url } = await signer.sign();
      const answer = await send(url.toString(), { headers: { "x-amz-meta-a": "b" } });
      expect(answer.status).toBe(403);
      expect(codeOf(answer)).toBe("AccessDenied");
    });

    it.skipIf(!strict.oneMechanism)(
      "refuses two mechanisms at once, though both are right",
      async () => {
        const { admin, freshKey } = bench();
        const key = freshKey();
        await admin.put(key, "x");
        const url = await admin.presign({ key });
        const signed = await admin.signer({ key }, false).sign();
        const headers = Object.fromEntries(signed.headers);
        expect((await send(signed.url.toString(), { headers })).status).toBe(200);
        const both = await send(url, { headers });
        expect(both.status).toBe(400);
        expect(codeOf(both)).toBe("InvalidArgument");
      },
    );

    it("refuses another content type than the one signed", async () => {
      const { writer, admin, freshKey } = bench();
      const key = freshKey();
      const url = await writer.presign({
        method: "PUT",
        key,
        headers: { "content-type": "application/octet-stream" },
      });
      const put = (headers: Record<string, string>) =>
        send(url, { method: "PUT", headers, body: "x" });
      expect((await put({ "content-type": "text/html" })).status).toBe(403);
      expect((await put({})).status).toBe(403);
      expect((await admin.head(key)).status).toBe(404);
      expect((await put({ "content-type": "application/octet-stream" })).status).toBe(200);
    });

    it("refuses another length than the one signed", async () => {
      const { writer, admin, freshKey } = bench();
      const key = freshKey();
      const url = await writer.presign({ method: "PUT", key, headers: { "content-length": "10" } });
      expect((await send(url, { method: "PUT", body: "0123456789A" })).status).toBe(403);
      expect((await admin.head(key)).status).toBe(404);
      expect((await send(url, { method: "PUT", body: "0123456789" })).status).toBe(200);
    });

    it.skipIf(!strict.unsignedAmzHeaders)(
      "refuses x-amz-* headers that were not signed",
      async () => {
        const { admin, bucket, freshKey } = bench();
        const source = freshKey();
        await admin.put(source, "secret");
        for (const [name, value] of [
          ["x-amz-meta-name", "evil"],
          ["x-amz-acl", "public-read"],
          ["x-amz-copy-source", `/${bucket}/${source}`],
          ["x-amz-security-token", "evil"],
        ] as const) {
          const key = freshKey();
          const url = await admin.presign({ method: "PUT", key });
          const answer = await send(url, { method: "PUT", headers: { [name]: value }, body: "x" });
          expect({ [name]: refusalOf(answer) }).toEqual({ [name]: "refused" });
          expect({ [name]: (await admin.head(key)).status }).toEqual({ [name]: 404 });
        }
      },
    );
  });
}
