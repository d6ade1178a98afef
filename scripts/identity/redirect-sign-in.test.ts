/** Signing in at a provider, with a real one, by something that follows redirects and keeps cookies as a browser does. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SessionAnswer } from "../../shared/sign-in.ts";
import { readReturn } from "../../shared/sign-in.ts";
import type { Provider } from "../../service/provider.ts";
import { githubProvider } from "../../service/providers/github.ts";
import { oidcProvider } from "../../service/providers/oidc.ts";
import { signInSecondsMax } from "../../service/redirect-sign-in.ts";
import type { TestWorld } from "../../service/test-world.ts";
import { createTestWorld, getGrant, post, serviceOrigin } from "../../service/test-world.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import { startIdentityProvider } from "./identity-provider.ts";
import { codeIn, newBrowser, newVerifier, returnTo, signInAt, startAddress } from "./browser.ts";

let identity: IdentityProvider;
let providers: Provider[];
let world: TestWorld;

beforeAll(async () => {
  identity = await startIdentityProvider(
    ["github", "oidc"].map((name) => `${serviceOrigin}/v1/auth/${name}/callback`),
  );
  const { url, clientId, clientSecret } = identity;
  providers = [
    githubProvider({ clientId, clientSecret, url, apiUrl: url }),
    oidcProvider({ clientId, clientSecret, issuer: url }),
  ];
});
afterAll(() => identity.close());
beforeEach(() => {
  world = createTestWorld({ providers });
});

const redeem = (code: string, verifier: string): Promise<Response> =>
  post(world.app, "/v1/auth/redeem", { code, verifier });

describe.each(["github", "oidc"])("signing in with %s", (name) => {
  it("gives the account's namespace, to the worker that began", async () => {
    const { verifier, challenge } = newVerifier();
    const before = identity.log.length;
    const { at } = await signInAt(newBrowser(world.app), name, challenge);
    expect(at.href.startsWith(`${returnTo}&presync-code=`)).toBe(true);
    expect(readReturn(at.hash)?.rest).toBe("#/today");
    const answer = await redeem(codeIn(at), verifier);
    expect(answer.status).toBe(200);
    const { namespace, session } = (await answer.json()) as SessionAnswer;
    if (name === "github") expect(namespace).toBe("github:583231");
    else expect(namespace).toMatch(/^oidc:[\w-]{43}$/);
    expect((await getGrant(world.app, session)).namespace).toBe(namespace);
    expect(identity.log.slice(before)).toEqual(["authorization.success", "grant.success"]);
  });

  it("gives the same namespace each time, and another account another one", async () => {
    const namespaces: string[] = [];
    for (const account of ["583231", "583231", "1024025"]) {
      const { verifier, challenge } = newVerifier();
      const { at } = await signInAt(newBrowser(world.app), name, challenge, account);
      const answer = (await (await redeem(codeIn(at), verifier)).json()) as SessionAnswer;
      namespaces.push(answer.namespace);
    }
    expect(namespaces[1]).toBe(namespaces[0]);
    expect(namespaces[2]).not.toBe(namespaces[0]);
  });

  it("says that it was cancelled", async () => {
    const { at } = await signInAt(newBrowser(world.app), name, newVerifier().challenge, "");
    expect(readReturn(at.hash)).toEqual({ kind: "error", value: "denied", rest: "#/today" });
  });

  it("is over when it took too long", async () => {
    const browser = newBrowser(world.app);
    const { at } = await browser.open(startAddress(name, newVerifier().challenge));
    world.clock.ms += signInSecondsMax * 1000 + 1000;
    const { response } = await browser.open(`${at.href}?account=583231`);
    expect(response.status).toBe(401);
  });
});

describe("where a sign-in returns to", () => {
  it("is kept in a cookie that no script and no other site can use", async () => {
    const response = await world.app.request(startAddress("github", newVerifier().challenge));
    const [cookie = ""] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-presync-sign-in-/);
    for (const attribute of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"])
      expect(cookie).toContain(attribute);
    expect(cookie).not.toContain("example.com");
  });
});

describe("a provider that is down", () => {
  it("is said to be, and nobody is signed in", async () => {
    const down = githubProvider({
      clientId: "x",
      clientSecret: "y",
      url: identity.url,
      fetch: () => Promise.reject(new TypeError("fetch failed")),
    });
    world = createTestWorld({ providers: [{ ...providers[0]!, identify: down.identify }] });
    const { at } = await signInAt(newBrowser(world.app), "github", newVerifier().challenge);
    expect(readReturn(at.hash)).toMatchObject({ kind: "error", value: "retry" });
  });
});
