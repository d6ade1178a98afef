/** Signing in at a provider, with a real one, by something that follows redirects and keeps cookies as a browser does. */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SessionAnswer } from "../../shared/sign-in.ts";
import { readReturn } from "../../shared/sign-in.ts";
import type { Provider } from "../../service/provider.ts";
import { githubProvider } from "../../service/providers/github.ts";
import { oidcProvider } from "../../service/providers/oidc.ts";
import { codeSecondsMax } from "../../service/one-time-codes.ts";
import { signInSecondsMax } from "../../service/redirect-sign-in.ts";
import type { TestWorld } from "../../service/test-world.ts";
import {
  appOrigin,
  createTestWorld,
  getGrant,
  post,
  refusalOf,
  serviceOrigin,
} from "../../service/test-world.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import { startIdentityProvider } from "./identity-provider.ts";

const returnTo = `${appOrigin}/lists#/today`;

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

interface Verifier {
  readonly verifier: string;
  readonly challenge: string;
}

function newVerifier(): Verifier {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/** One browser: its cookies for the service and the provider. */
interface Browser {
  /** Follows redirects until one leads to the app or there is none. */
  open(address: string): Promise<{ readonly at: URL; readonly response: Response }>;
  readonly cookies: Map<string, string>;
}

function newBrowser(): Browser {
  const cookies = new Map<string, string>();
  const ask = async (url: URL): Promise<Response> => {
    const jar = url.origin === serviceOrigin ? "service" : "provider";
    const own = [...cookies].filter(([name]) => name.startsWith(`${jar} `));
    const headers = {
      cookie: own.map(([name, value]) => `${name.slice(jar.length + 1)}=${value}`).join("; "),
    };
    const response =
      jar === "service"
        ? await world.app.request(url.href, { headers })
        : await fetch(url, { headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) cookies.delete(`${jar} ${name}`);
      else cookies.set(`${jar} ${name}`, value);
    }
    return response;
  };
  return {
    cookies,
    async open(address) {
      let at = new URL(address);
      for (let hop = 0; hop < 10; hop++) {
        const response = await ask(at);
        const location = response.headers.get("location");
        if (location === null) return { at, response };
        at = new URL(location, at);
        if (at.origin === appOrigin) return { at, response };
      }
      throw new Error("too many redirects");
    },
  };
}

function startAddress(name: string, challenge: string, back = returnTo): string {
  const query = new URLSearchParams({ challenge, return: back });
  return `${serviceOrigin}/v1/auth/${name}/start?${query.toString()}`;
}

/** Signs in on the provider's page, and returns where the browser came back to. */
async function signInAt(browser: Browser, name: string, challenge: string, account = "583231") {
  const { at } = await browser.open(startAddress(name, challenge));
  expect(at.origin).toBe(identity.url);
  return browser.open(`${at.href}?account=${account}`);
}

const redeem = (code: string, verifier: string): Promise<Response> =>
  post(world.app, "/v1/auth/redeem", { code, verifier });

function codeIn(at: URL): string {
  const back = readReturn(at.hash);
  expect(back?.kind).toBe("code");
  return back?.value ?? "";
}

describe.each(["github", "oidc"])("signing in with %s", (name) => {
  it("gives the account's namespace, to the worker that began", async () => {
    const { verifier, challenge } = newVerifier();
    const before = identity.log.length;
    const { at } = await signInAt(newBrowser(), name, challenge);
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
      const { at } = await signInAt(newBrowser(), name, challenge, account);
      const answer = (await (await redeem(codeIn(at), verifier)).json()) as SessionAnswer;
      namespaces.push(answer.namespace);
    }
    expect(namespaces[1]).toBe(namespaces[0]);
    expect(namespaces[2]).not.toBe(namespaces[0]);
  });

  it("says that it was cancelled", async () => {
    const { at } = await signInAt(newBrowser(), name, newVerifier().challenge, "");
    expect(readReturn(at.hash)).toEqual({ kind: "error", value: "denied", rest: "#/today" });
  });

  it("is finished by the browser that began it, and by no other", async () => {
    const { challenge } = newVerifier();
    const { at } = await newBrowser().open(startAddress(name, challenge));
    const thief = newBrowser();
    const { response } = await thief.open(
      `${serviceOrigin}/v1/auth/${name}/callback?code=x&state=${"s".repeat(43)}`,
    );
    expect(response.status).toBe(401);
    expect(at.origin).toBe(identity.url);
    const person = await world.app.request(
      `${serviceOrigin}/v1/auth/${name}/callback?code=x&state=${"s".repeat(43)}`,
      { headers: { accept: "text/html,application/xhtml+xml" } },
    );
    expect(person.headers.get("content-type")).toContain("text/plain");
    expect(await person.text()).toContain("begin again");
  });

  it("takes each answer of the provider once", async () => {
    const browser = newBrowser();
    const { at } = await browser.open(startAddress(name, newVerifier().challenge));
    const cookies = new Map(browser.cookies);
    const seen: string[] = [];
    const { request } = world.app;
    world.app.request = (input, ...rest) => {
      if (typeof input === "string") seen.push(input);
      return request(input, ...rest);
    };
    await browser.open(`${at.href}?account=583231`);
    const callback = seen.find((address) => address.includes("/callback")) ?? "";
    // Without the cookie, and with the one it had.
    expect((await browser.open(callback)).response.status).toBe(401);
    for (const [key, value] of cookies) browser.cookies.set(key, value);
    const again = await browser.open(callback);
    expect(readReturn(again.at.hash)).toMatchObject({ kind: "error", value: "denied" });
    expect(identity.log.at(-1)).toContain("grant.error");
  });

  it("is over when it took too long", async () => {
    const browser = newBrowser();
    const { at } = await browser.open(startAddress(name, newVerifier().challenge));
    world.clock.ms += signInSecondsMax * 1000 + 1000;
    const { response } = await browser.open(`${at.href}?account=583231`);
    expect(response.status).toBe(401);
  });
});

describe("a one-time code", () => {
  let code: string;
  let own: Verifier;

  beforeEach(async () => {
    own = newVerifier();
    code = codeIn((await signInAt(newBrowser(), "github", own.challenge)).at);
  });

  it("is worth nothing without the verifier", async () => {
    for (const verifier of [newVerifier().verifier, "", own.challenge, "x".repeat(200)])
      expect(await refusalOf(redeem(code, verifier))).toBe("401 unauthenticated");
    expect((await redeem(code, own.verifier)).status).toBe(200);
  });

  it("is redeemed once, by whichever instance", async () => {
    const another = world.another();
    const twice = await Promise.all([
      redeem(code, own.verifier),
      post(another, "/v1/auth/redeem", { code, verifier: own.verifier }),
    ]);
    expect(twice.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
  });

  it("expires", async () => {
    world.clock.ms += codeSecondsMax * 1000 + 1000;
    expect(await refusalOf(redeem(code, own.verifier))).toBe("401 unauthenticated");
  });

  it("cannot be made up or taken from something else that is sealed", async () => {
    const browser = newBrowser();
    await browser.open(startAddress("github", own.challenge));
    const cookie = [...browser.cookies].find(([name]) => name.includes("presync-sign-in"))?.[1];
    // In the middle of what is sealed: the last letter of all has bits that mean nothing.
    const middle = code.length - 30;
    const other = code.charAt(middle) === "A" ? "B" : "A";
    const changed = `${code.slice(0, middle)}${other}${code.slice(middle + 1)}`;
    const forged = [changed, "x", cookie ?? ""];
    for (const each of [...forged, `${code}${"x".repeat(3000)}`])
      expect(await refusalOf(redeem(each, own.verifier))).toBe("401 unauthenticated");
  });
});

describe("where a sign-in returns to", () => {
  it.each([
    "https://evil.example.com/",
    `${appOrigin}.evil.example.com/`,
    `https://user@${appOrigin.slice(8)}/`,
    "javascript:alert(1)",
    "//evil.example.com",
    "/lists",
    "",
    `${appOrigin}/${"x".repeat(1500)}`,
  ])("is an address of the app, and not %s", async (address) => {
    const { challenge } = newVerifier();
    const { response } = await newBrowser().open(startAddress("github", challenge, address));
    expect(response.status).toBe(400);
    expect(response.headers.get("location")).toBeNull();
  });

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
    const { at } = await signInAt(newBrowser(), "github", newVerifier().challenge);
    expect(readReturn(at.hash)).toMatchObject({ kind: "error", value: "retry" });
  });
});
