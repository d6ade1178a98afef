/** What follows redirects and keeps cookies as a browser does, for tests of signing in at a provider. */
import { createHash, randomBytes } from "node:crypto";
import type { Hono } from "hono";
import { expect } from "vitest";
import { readReturn } from "../../shared/sign-in.ts";
import { appOrigin, serviceOrigin } from "../../service/test-world.ts";

export interface Browser {
  /** Follows redirects until one leads to the app or there is none. */
  open(address: string): Promise<{ readonly at: URL; readonly response: Response }>;
  /** For the service and the provider, which is named in front. */
  readonly cookies: Map<string, string>;
  /** Every address that it asked for. */
  readonly seen: readonly string[];
}

/** The service is asked directly, under the address that it is told to have. */
export function newBrowser(app: Hono): Browser {
  const cookies = new Map<string, string>();
  const seen: string[] = [];
  const ask = async (url: URL): Promise<Response> => {
    seen.push(url.href);
    const jar = url.origin === serviceOrigin ? "service" : "provider";
    const own = [...cookies].filter(([name]) => name.startsWith(`${jar} `));
    const headers = {
      cookie: own.map(([name, value]) => `${name.slice(jar.length + 1)}=${value}`).join("; "),
    };
    const response =
      jar === "service"
        ? await app.request(url.href, { headers })
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
    seen,
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

export interface Verifier {
  readonly verifier: string;
  readonly challenge: string;
}

export function newVerifier(): Verifier {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/** The page that signs in. */
export const returnTo: string = `${appOrigin}/lists#/today`;

export function startAddress(name: string, challenge: string, back: string = returnTo): string {
  const query = new URLSearchParams({ challenge, return: back });
  return `${serviceOrigin}/v1/auth/${name}/start?${query.toString()}`;
}

/** Signs in on the provider's page, and returns where the browser came back to. */
export async function signInAt(
  browser: Browser,
  name: string,
  challenge: string,
  account = "583231",
): Promise<{ readonly at: URL; readonly response: Response }> {
  const { at } = await browser.open(startAddress(name, challenge));
  expect([serviceOrigin, appOrigin]).not.toContain(at.origin);
  return browser.open(`${at.href}?account=${account}`);
}

export function codeIn(at: URL): string {
  const back = readReturn(at.hash);
  expect(back?.kind).toBe("code");
  return back?.value ?? "";
}
