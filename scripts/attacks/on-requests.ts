/** What can be tried with requests as such, and with what the service is told to talk to. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createService } from "../../service/create-service.ts";
import { githubProvider } from "../../service/providers/github.ts";
import { oidcProvider } from "../../service/providers/oidc.ts";
import {
  appOrigin,
  askGrant,
  createTestKey,
  refusalOf,
  serviceOrigin,
  signIn,
  testConfig,
} from "../../service/test-world.ts";
import { newBrowser, newVerifier, signInAt, startAddress } from "../identity/browser.ts";
import type { AttackWorld } from "./world.ts";
import { bucketState } from "./world.ts";

const posts = [
  "/v1/auth/key/challenge",
  "/v1/auth/key/verify",
  "/v1/auth/email",
  `/v1/auth/email/link/${"a".repeat(43)}/${"b".repeat(43)}`,
  "/v1/auth/redeem",
  "/v1/auth/refresh",
  "/v1/auth/revoke",
  "/v1/grants",
  "/v1/hints",
  "/v1/devices/rename",
  "/v1/devices/retire",
  "/v1/devices/remove",
  "/v1/everything/export",
  "/v1/everything/delete",
  "/v1/nothing",
];

export function attackRequests(getWorld: () => AttackWorld): void {
  describe("with requests", () => {
    it("oversize body: no more is read than a request can have, announced or not", async () => {
      const world = getWorld();
      const { app } = world;
      const { session } = await signIn(app, await createTestKey());
      const before = await bucketState(world);
      const body = JSON.stringify({ kind: "browser", more: "A".repeat(5000) });
      const headers = {
        "content-type": "application/json",
        origin: appOrigin,
        authorization: `Bearer ${session}`,
      };
      for (const path of posts) {
        const announced = new Request(`${serviceOrigin}${path}`, {
          method: "POST",
          body,
          headers: { ...headers, "content-length": String(body.length) },
        });
        expect([path, await refusalOf(app.fetch(announced))]).toEqual([path, "413 too-large"]);
        let read = 0;
        const endless = new ReadableStream<Uint8Array>({
          pull(controller) {
            controller.enqueue(new Uint8Array(1024).fill(32));
            read += 1024;
            if (read >= 64 * 1024 * 1024) controller.close();
          },
        });
        const init = { method: "POST", body: endless, headers, duplex: "half" } as const;
        const answer = await app.fetch(new Request(`${serviceOrigin}${path}`, init));
        expect([path, await refusalOf(answer)]).toEqual([path, "413 too-large"]);
        expect(read).toBeLessThan(64 * 1024);
      }
      expect(await bucketState(world)).toEqual(before);
    });

    it("SSRF: nothing a client says makes the service ask anybody but its store and its provider", async () => {
      const world = getWorld();
      const { app, asked, store, identity } = world;
      asked.length = 0;
      const inside = "http://169.254.169.254/latest/meta-data/";
      const lies = {
        host: "169.254.169.254",
        "x-forwarded-host": "169.254.169.254",
        "x-forwarded-for": inside,
        referer: inside,
      };
      const request = (path: string, body?: object): Promise<Response> =>
        Promise.resolve(
          app.request(path, {
            headers: { ...lies, origin: appOrigin, "content-type": "application/json" },
            ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
          }),
        );
      const { challenge, verifier } = newVerifier();
      await request(`/v1/auth/oidc/start?challenge=${challenge}&return=${inside}&issuer=${inside}`);
      await request(`/v1/auth/github/callback?code=x&state=${"s".repeat(43)}&iss=${inside}`);
      await request("/v1/auth/email", {
        email: "ada@[169.254.169.254]",
        challenge,
        return: inside,
      });
      await request("/v1/auth/redeem", { code: inside, verifier });
      await request("/v1/auth/key/challenge", { publicKey: inside, service: inside });
      await request("/v1/grants", { kind: "browser", replica: inside, endpoint: inside });
      // Whole sign-ins, in which the provider's answer claims to be another issuer's.
      for (const name of ["github", "oidc"]) {
        const browser = newBrowser(app);
        const { at } = await browser.open(startAddress(name, challenge));
        await browser.open(`${at.href}?account=583231`);
        const answer = new URL(browser.seen.find((address) => address.includes("/callback?"))!);
        answer.searchParams.set("iss", inside);
        await browser.open(answer.href);
      }
      const { session } = await signIn(app, await createTestKey());
      await askGrant(app, session, { kind: "browser" });
      const origins = new Set(asked.map((address) => new URL(address).origin));
      expect([...origins].toSorted()).toEqual([store.endpoint, identity.url].toSorted());
    });
  });

  describe("by configuration", () => {
    const servers: Server[] = [];

    afterEach(async () => {
      for (const server of servers.splice(0)) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    });

    /** Answers everything with a redirect, or plainly where there is nothing to redirect to. */
    const listen = async (to?: string): Promise<{ url: string; asked: string[] }> => {
      const asked: string[] = [];
      const server = createServer((incoming, response) => {
        asked.push(incoming.url ?? "");
        incoming.resume();
        response.writeHead(to === undefined ? 200 : 307, to === undefined ? {} : { location: to });
        response.end("{}");
      });
      servers.push(server);
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
    };

    it("SSRF: neither a store nor a provider can redirect the service to somebody inside", async () => {
      const world = getWorld();
      const inside = await listen();
      const redirecting = await listen(`${inside.url}/latest/meta-data/`);
      const { url } = redirecting;
      const client = { clientId: "x", clientSecret: "y" };
      const app = world.another({
        store: { ...world.store, endpoint: url },
        providers: [
          githubProvider({ ...client, url: world.identity.url, apiUrl: url }),
          oidcProvider({ ...client, issuer: url }),
        ],
      });
      // The session is another instance's, whose store answers.
      const { session } = await signIn(world.app, await createTestKey());
      expect(await refusalOf(askGrant(app, session, { kind: "browser" }))).toBe("503 retry");
      await app.request(startAddress("oidc", newVerifier().challenge));
      const { clientId, clientSecret } = world.identity;
      const atGithub = world.another({
        providers: [
          githubProvider({ clientId, clientSecret, url: world.identity.url, apiUrl: url }),
        ],
      });
      const { at } = await signInAt(newBrowser(atGithub), "github", newVerifier().challenge);
      expect(at.hash).toContain("error");
      expect(redirecting.asked).toContain("/user");
      expect(redirecting.asked.length).toBeGreaterThan(2);
      expect(inside.asked).toEqual([]);
    });

    it("SSRF: a provider's discovery cannot name another issuer's addresses", async () => {
      const world = getWorld();
      const inside = await listen();
      const server = createServer((_incoming, response) => {
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({
            issuer: "https://login.example.com",
            authorization_endpoint: `${inside.url}/authorize`,
            token_endpoint: `${inside.url}/latest/meta-data/`,
          }),
        );
      });
      servers.push(server);
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const provider = oidcProvider({ clientId: "x", clientSecret: "y", issuer });
      const app = world.another({ providers: [provider] });
      const { response, at } = await newBrowser(app).open(
        startAddress("oidc", newVerifier().challenge),
      );
      expect(response.headers.get("location")).toBe(at.href);
      expect(at.origin).toBe(appOrigin);
      expect(at.hash).toContain("error");
      expect(inside.asked).toEqual([]);
    });

    it.each([
      ["endpoint", "http://169.254.169.254/latest/meta-data"],
      ["endpoint", "http://s3.example.com@169.254.169.254"],
      ["endpoint", "http://169.254.169.254?x="],
      ["endpoint", "file:///etc/passwd"],
      ["bucket", "../latest"],
      ["bucket", "a/../../b"],
      ["region", "us-east-1/../x"],
    ])("SSRF: a store's %s cannot be %s", (part, value) => {
      expect(() =>
        createService({ ...testConfig, store: { ...getWorld().store, [part]: value } }),
      ).toThrow(`store.${part}`);
    });
  });
}
