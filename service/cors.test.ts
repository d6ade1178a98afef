import { describe, expect, it } from "vitest";
import { appOrigin, createTestWorld, post, refusalOf, serviceOrigin } from "./test-world.ts";

const challengePath = "/v1/auth/key/challenge";
const question = { publicKey: "A".repeat(43) };

function preflight(origin: string | undefined): Promise<Response> {
  const headers = { "access-control-request-method": "POST" };
  return Promise.resolve(
    createTestWorld().app.request("/v1/grants", {
      method: "OPTIONS",
      headers: origin === undefined ? headers : { ...headers, origin },
    }),
  );
}

function corsHeadersOf(response: Response): string[] {
  return [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
}

describe("cross-origin calls", () => {
  it("are allowed after a preflight that browsers may remember", async () => {
    const answer = await preflight(appOrigin);
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "access-control-allow-origin": appOrigin,
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": "authorization, content-type, last-event-id",
      "access-control-max-age": "7200",
      vary: "Origin",
    });
  });

  it.each([
    "https://evil.example.com",
    "https://app.example.com.evil.com",
    "https://APP.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "null",
    undefined,
  ])("are not allowed after a preflight from %s", async (origin) => {
    const answer = await preflight(origin);
    expect(answer.status).toBe(403);
    expect(corsHeadersOf(answer)).toEqual([]);
    expect(answer.headers.get("vary")).toBe("Origin");
  });

  it("show the date, also on refusals", async () => {
    const { app } = createTestWorld();
    for (const answer of [await post(app, challengePath, question), await post(app, "/no", {})]) {
      expect(answer.headers.get("access-control-allow-origin")).toBe(appOrigin);
      expect(answer.headers.get("access-control-expose-headers")).toContain("date");
      expect(answer.headers.get("vary")).toBe("Origin");
      expect(answer.headers.get("date")).toBe("Fri, 02 Jan 2026 03:04:05 GMT");
    }
  });

  it.each(["https://evil.example.com", "null", ""])("are refused from %j", async (origin) => {
    const answer = await post(createTestWorld().app, challengePath, question, { origin });
    expect(corsHeadersOf(answer)).toEqual([]);
    expect(await refusalOf(answer)).toBe("403 denied");
  });

  it("are let through from the service's own origin", async () => {
    const { app } = createTestWorld();
    const answer = await post(app, challengePath, question, { origin: serviceOrigin });
    expect(answer.status).toBe(200);
  });

  it("need no origin where no browser is calling, and one where one is", async () => {
    const { app } = createTestWorld();
    const callWith = async (headers: Readonly<Record<string, string>>): Promise<number> => {
      const answer = await app.request(challengePath, {
        method: "POST",
        body: JSON.stringify(question),
        headers: { "content-type": "application/json", ...headers },
      });
      expect(corsHeadersOf(answer)).toEqual([]);
      return answer.status;
    };
    expect(await callWith({})).toBe(200);
    expect(await callWith({ "sec-fetch-site": "same-origin" })).toBe(200);
    expect(await callWith({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await callWith({ "sec-fetch-site": "same-site" })).toBe(403);
  });

  it("may read what everybody may, unreadable to a foreign page", async () => {
    const answer = await createTestWorld().app.request("/healthz", {
      headers: { origin: "https://evil.example.com" },
    });
    expect(answer.status).toBe(200);
    expect(corsHeadersOf(answer)).toEqual([]);
  });
});
