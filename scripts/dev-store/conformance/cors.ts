/** CORS: the page of the app may use the bucket and sees what it needs, on every answer; other pages may not. */
import { describe, expect, it } from "vitest";
import { send, type HttpAnswer } from "./client.ts";
import type { Bench, Strictness } from "./target.ts";

function expectReadable(answer: HttpAnswer, origin: string): void {
  expect([origin, "*"]).toContain(answer.headers["access-control-allow-origin"]);
  const exposed = (answer.headers["access-control-expose-headers"] ?? "")
    .toLowerCase()
    .split(/[ ,]+/);
  expect(exposed).toContain("etag");
  expect(exposed).toContain("date");
}

export function describeCors(bench: () => Bench, strict: Strictness): void {
  const preflight = async (
    method: string,
    headers: string,
    origin: string,
  ): Promise<HttpAnswer> => {
    const { admin, freshKey } = bench();
    return send(await admin.presign({ method, key: freshKey() }), {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": method,
        ...(headers === "" ? {} : { "access-control-request-headers": headers }),
      },
    });
  };

  describe("CORS", () => {
    it.each([
      ["PUT", "content-type"],
      ["PUT", "content-type,if-none-match"],
      ["PUT", "if-match,x-amz-meta-name,x-amz-checksum-sha256"],
      ["GET", "if-none-match,range"],
      ["GET", ""],
      ["HEAD", ""],
      ["DELETE", ""],
    ])("lets the app's page %s with headers %j", async (method, headers) => {
      const { origin } = bench();
      const answer = await preflight(method, headers, origin);
      expect([200, 204]).toContain(answer.status);
      expect([origin, "*"]).toContain(answer.headers["access-control-allow-origin"]);
      expect((answer.headers["access-control-allow-methods"] ?? "").split(/[ ,]+/)).toContain(
        method,
      );
      const allowed = (answer.headers["access-control-allow-headers"] ?? "")
        .toLowerCase()
        .split(/[ ,]+/);
      for (const name of headers.split(",").filter((each) => each !== ""))
        expect(allowed).toContain(name);
      expect(Number(answer.headers["access-control-max-age"])).toBeGreaterThan(0);
    });

    it("does not let the app's page do what no rule names", async () => {
      const answer = await preflight("POST", "", bench().origin);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    });

    it("does not let another page", async () => {
      const { admin, freshKey } = bench();
      const answer = await preflight("PUT", "content-type", "https://evil.example");
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      const key = freshKey();
      await admin.put(key, "x");
      const get = await admin.get(key, { origin: "https://evil.example" });
      expect(get.headers["access-control-allow-origin"]).toBeUndefined();
    });

    it("lets the page read good answers, and 304, 404 and 412", async () => {
      const { admin, reader, origin, freshKey } = bench();
      const key = freshKey();
      const put = async (headers: Readonly<Record<string, string>>): Promise<HttpAnswer> =>
        send(await admin.presign({ method: "PUT", key }), {
          method: "PUT",
          headers: { origin, ...headers },
          body: "x",
        });
      const written = await put({});
      const answers: (readonly [number, HttpAnswer])[] = [
        [200, written],
        [412, await put({ "if-none-match": "*" })],
        [200, await admin.get(key, { origin })],
        [200, await admin.head(key, { origin })],
        [206, await admin.get(key, { origin, range: "bytes=0-0" })],
        [304, await admin.get(key, { origin, "if-none-match": written.headers.etag ?? "" })],
        [404, await admin.get(freshKey(), { origin })],
        [
          200,
          await send(await reader.presign({ query: { "list-type": "2", prefix: key } }), {
            headers: { origin },
          }),
        ],
      ];
      for (const [status, answer] of answers) {
        expect(answer.status).toBe(status);
        expectReadable(answer, origin);
      }
    });

    it.skipIf(!strict.corsOnRefusals)("lets the page read refusals", async () => {
      const { admin, endpoint, bucket, origin, freshKey } = bench();
      const key = freshKey();
      await admin.put(key, "x");
      const url = await admin.presign({ key });
      const expired = await admin.presign({
        key,
        expires: 60,
        at: new Date(Date.now() - 7_200_000),
      });
      const headers = { origin };
      for (const [status, answer] of [
        [403, await send(expired, { headers })],
        [403, await send(url.replace(/Signature=.*$/, `Signature=${"0".repeat(64)}`), { headers })],
        [403, await send(`${endpoint}/${bucket}/${key}`, { headers })],
        [403, await send(url, { method: "PUT", headers, body: "x" })],
        [400, await send(url.replace(/Expires=\d+/, "Expires=0"), { headers })],
        [400, await send(`${endpoint}/${bucket}/%ff`, { headers })],
      ] as const) {
        expect(answer.status).toBe(status);
        expectReadable(answer, origin);
      }
    });

    it("can be read and replaced through the API", async () => {
      const { admin } = bench();
      const before = await admin.callWithHeader({ query: { cors: "" } });
      expect(before.status).toBe(200);
      const rule = `<CORSRule><AllowedOrigin>https://new.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>`;
      const changed = before.text.replace("<CORSRule>", `${rule}<CORSRule>`);
      const put = async (xml: string): Promise<HttpAnswer> =>
        admin.callWithHeader({ method: "PUT", query: { cors: "" } }, xml);
      expect((await put(changed)).status).toBe(200);
      const during = await preflight("GET", "", "https://new.example");
      expect(during.headers["access-control-allow-origin"]).toBe("https://new.example");
      expect((await put("<CORSConfiguration><Oops/>")).status).toBe(400);
      expect((await put(before.text)).status).toBe(200);
      const after = await preflight("GET", "", "https://new.example");
      expect(after.headers["access-control-allow-origin"]).toBeUndefined();
    });
  });
}
