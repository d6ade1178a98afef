/** What can be tried with sign-ins at a provider, and with the codes that come back from there. */
import { beforeEach, describe, expect, it } from "vitest";
import { readReturn } from "../../shared/sign-in.ts";
import { codeSecondsMax } from "../../service/one-time-codes.ts";
import { appOrigin, post, refusalOf, serviceOrigin } from "../../service/test-world.ts";
import type { Browser, Verifier } from "../identity/browser.ts";
import { codeIn, newBrowser, newVerifier, signInAt, startAddress } from "../identity/browser.ts";
import type { AttackWorld } from "./world.ts";
import { bucketState, providerNames } from "./world.ts";

export function attackSignIns(getWorld: () => AttackWorld): void {
  describe.each(providerNames)("with a sign-in at %s", (name) => {
    let world: AttackWorld;
    let browser: Browser;

    beforeEach(() => {
      world = getWorld();
      browser = newBrowser(world.app);
    });

    const callback = (query: string): string =>
      `${serviceOrigin}/v1/auth/${name}/callback?${query}`;
    /** The provider's answer, as it comes to the service. */
    const answerIn = ({ seen }: Browser): string =>
      seen.find((address) => address.startsWith(callback(""))) ?? "";

    it("login CSRF: it is finished by the browser that began it, and by no other", async () => {
      const { at } = await browser.open(startAddress(name, newVerifier().challenge));
      expect(at.origin).toBe(world.identity.url);
      const invented = callback(`code=x&state=${"s".repeat(43)}`);
      const victim = newBrowser(world.app);
      expect((await victim.open(invented)).response.status).toBe(401);
      const person = await world.app.request(invented, {
        headers: { accept: "text/html,application/xhtml+xml" },
      });
      expect(person.headers.get("content-type")).toContain("text/plain");
      expect(await person.text()).toContain("begin again");
      // The attacker's own answer of the provider, in the victim's browser: without a sign-in there, and with one.
      await browser.open(`${at.href}?account=1024025`);
      expect((await victim.open(answerIn(browser))).response.status).toBe(401);
      await victim.open(startAddress(name, newVerifier().challenge));
      expect((await victim.open(answerIn(browser))).response.status).toBe(401);
    });

    it("replayed: each answer of the provider is taken once", async () => {
      const { at } = await browser.open(startAddress(name, newVerifier().challenge));
      const cookies = new Map(browser.cookies);
      await browser.open(`${at.href}?account=583231`);
      // Without the cookie, and with the one it had.
      expect((await browser.open(answerIn(browser))).response.status).toBe(401);
      for (const [key, value] of cookies) browser.cookies.set(key, value);
      const again = await browser.open(answerIn(browser));
      expect(readReturn(again.at.hash)).toMatchObject({ kind: "error", value: "denied" });
      expect(world.identity.log.at(-1)).toContain("grant.error");
    });

    it.each([
      "https://evil.example.com/",
      `${appOrigin}.evil.example.com/`,
      `https://user@${appOrigin.slice(8)}/`,
      `${appOrigin}@evil.example.com/`,
      "http://app.example.com/",
      "javascript:alert(1)",
      "//evil.example.com",
      "/lists",
      "",
      `${appOrigin}/${"x".repeat(1500)}`,
    ])("open redirect: it returns to an address of the app, and not to %s", async (address) => {
      const { challenge } = newVerifier();
      const { response } = await browser.open(startAddress(name, challenge, address));
      expect(response.status).toBe(400);
      expect(response.headers.get("location")).toBeNull();
    });

    it("open redirect: nobody is sent to what a callback asks for", async () => {
      const evil = "https://evil.example.com/";
      for (const query of [`return=${evil}`, `error=x&error_uri=${evil}&redirect_uri=${evil}`]) {
        const { response } = await browser.open(callback(`${query}&state=${"s".repeat(43)}`));
        expect(response.headers.get("location")).toBeNull();
      }
    });
  });

  describe("with a one-time code", () => {
    let world: AttackWorld;
    let own: Verifier;
    let code: string;

    beforeEach(async () => {
      world = getWorld();
      own = newVerifier();
      code = codeIn((await signInAt(newBrowser(world.app), "github", own.challenge)).at);
    });

    const redeem = (given: string, verifier: string): Promise<Response> =>
      post(world.app, "/v1/auth/redeem", { code: given, verifier });

    it("stolen code: it is worth nothing without the verifier", async () => {
      for (const verifier of [newVerifier().verifier, "", own.challenge, "x".repeat(200)])
        expect(await refusalOf(redeem(code, verifier))).toBe("401 unauthenticated");
      expect((await redeem(code, own.verifier)).status).toBe(200);
    });

    it("replayed: it is redeemed once, by whichever instance", async () => {
      const another = world.another();
      const twice = await Promise.all([
        redeem(code, own.verifier),
        post(another, "/v1/auth/redeem", { code, verifier: own.verifier }),
      ]);
      expect(twice.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
      expect(await refusalOf(redeem(code, own.verifier))).toBe("401 unauthenticated");
    });

    it("expired: it is refused when its time is over", async () => {
      world.clock.movedMs = codeSecondsMax * 1000 + 1000;
      expect(await refusalOf(redeem(code, own.verifier))).toBe("401 unauthenticated");
    });

    it("forged: it cannot be made up, or taken from something else that is sealed", async () => {
      const browser = newBrowser(world.app);
      await browser.open(startAddress("github", own.challenge));
      const cookie = [...browser.cookies].find(([name]) => name.includes("presync-sign-in"))?.[1];
      expect(cookie).toBeDefined();
      // In the middle of what is sealed: the last letter of all has bits that mean nothing.
      const middle = code.length - 30;
      const other = code.charAt(middle) === "A" ? "B" : "A";
      const changed = `${code.slice(0, middle)}${other}${code.slice(middle + 1)}`;
      const before = await bucketState(world);
      for (const forged of [changed, "x", cookie!, `${code}${"x".repeat(3000)}`])
        expect(await refusalOf(redeem(forged, own.verifier))).toBe("401 unauthenticated");
      expect(await bucketState(world)).toEqual(before);
    });
  });
}
