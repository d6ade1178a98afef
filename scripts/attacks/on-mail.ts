/** What can be tried with mailed links: the mails go through a real mail server. */
import { beforeEach, describe, expect, it } from "vitest";
import { readReturn } from "../../shared/sign-in.ts";
import { createSmtpMailer } from "../../service/smtp-mailer.ts";
import { appOrigin, post, refusalOf, serviceOrigin } from "../../service/test-world.ts";
import type { Verifier } from "../identity/browser.ts";
import { newVerifier, returnTo } from "../identity/browser.ts";
import type { ReceivedMail } from "../identity/mail-server.ts";
import type { AttackWorld } from "./world.ts";

const address = "ada@example.com";

function linkIn({ mail }: ReceivedMail): URL {
  return new URL(/https?:\/\/\S+\/link\/\S+/.exec(mail.text ?? "")?.[0] ?? "");
}

/** With another first letter. */
function other(text: string): string {
  return (text.startsWith("A") ? "B" : "A") + text.slice(1);
}

export function attackMail(getWorld: () => AttackWorld): void {
  describe("with a mailed link", () => {
    let world: AttackWorld;
    let own: Verifier;

    beforeEach(() => {
      world = getWorld();
      own = newVerifier();
    });

    const ask = (
      changes: object = {},
      headers: Readonly<Record<string, string>> = {},
      app = world.app,
    ): Promise<Response> => {
      const asked = { email: address, challenge: own.challenge, return: returnTo, ...changes };
      return post(app, "/v1/auth/email", asked, headers);
    };
    const newest = (): ReceivedMail => world.mail.received.at(-1)!;
    const press = (
      path: string,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<Response> => {
      const button = { origin: serviceOrigin, "sec-fetch-site": "same-origin", ...headers };
      return Promise.resolve(world.app.request(path, { method: "POST", headers: button }));
    };
    const codeBehind = async (path: string): Promise<string> => {
      const answer = await press(path);
      expect(answer.status).toBe(303);
      return readReturn(new URL(answer.headers.get("location") ?? "").hash)?.value ?? "";
    };
    const redeem = (code: string, verifier = own.verifier): Promise<Response> =>
      post(world.app, "/v1/auth/redeem", { code, verifier });
    const linkPath = async (): Promise<string> => {
      expect((await ask()).status).toBe(202);
      return linkIn(newest()).pathname;
    };

    it("link prefetch: looking at it uses nothing up, however often and by whatever", async () => {
      const path = await linkPath();
      for (const init of [
        {},
        { method: "HEAD" },
        { headers: { range: "bytes=0-" } },
        { headers: { "sec-purpose": "prefetch" } },
        { headers: { purpose: "preview", "user-agent": "a mail scanner" } },
        { headers: { cookie: "a=b", "sec-fetch-site": "cross-site" } },
      ]) {
        const page = await world.app.request(path, init);
        expect(page.status).toBe(200);
        expect(page.headers.get("location")).toBeNull();
      }
      const page = await world.app.request(path);
      expect(await page.text()).toContain("<button>Sign in</button>");
      expect((await redeem(await codeBehind(path))).status).toBe(200);
    });

    it("login CSRF: a foreign page cannot press the button", async () => {
      const path = await linkPath();
      for (const foreign of [
        { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
        { origin: "null", "sec-fetch-site": "cross-site" },
        { origin: "https://evil.example.com", "sec-fetch-site": "same-site" },
      ])
        expect(await refusalOf(press(path, foreign))).toBe("403 denied");
      expect((await redeem(await codeBehind(path))).status).toBe(200);
    });

    it("stolen code: it is for the browser that asked", async () => {
      const code = await codeBehind(await linkPath());
      expect(await refusalOf(redeem(code, newVerifier().verifier))).toBe("401 unauthenticated");
      const typed = `${code.slice(0, 4)} ${code.slice(4)}`.toLowerCase();
      expect((await redeem(typed)).status).toBe(200);
    });

    it("replayed: link and code are used once, by whichever instance", async () => {
      const path = await linkPath();
      const code = await codeBehind(path);
      const twice = await Promise.all([
        redeem(code),
        post(world.another(), "/v1/auth/redeem", { code, verifier: own.verifier }),
      ]);
      expect(twice.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
      expect((await press(path)).status).toBe(410);
      expect((await world.app.request(path)).status).toBe(410);
    });

    it("forged: a link of which anything was changed leads nowhere", async () => {
      const [, before = "", id = "", secret = ""] =
        /^(.*\/link\/)([^/]+)\/([^/]+)$/.exec(await linkPath()) ?? [];
      for (const path of [
        `${before}${other(id)}/${secret}`,
        `${before}${id}/${other(secret)}`,
        `${before}${secret}/${id}`,
      ])
        expect((await press(path)).status).toBe(410);
    });

    it.each([
      "ada@example.com\r\nBcc: eve@example.com",
      "ada@example.com\nBcc: eve@example.com",
      "ada@example.com%0d%0aBcc: eve@example.com",
      "ada@example.com, eve@example.com",
      "ada@example.com;eve@example.com",
      "Ada <ada@example.com>",
      '"ada@example.com\\r\\nRCPT TO:<eve@example.com>"@example.com',
      "ada@example.com>\r\nRCPT TO:<eve@example.com",
      "ada@example.com\u2028Bcc: eve@example.com",
    ])("header injection: no mail goes to %j", async (email) => {
      const before = world.mail.received.length;
      expect(await refusalOf(ask({ email }))).toBe("400 invalid-argument");
      expect(world.mail.received).toHaveLength(before);
    });

    it("header injection: the app's name adds neither headers nor recipients", async () => {
      const from = { name: "Notes\r\nCc: eve@example.com", address: "no-reply@example.com" };
      const mailer = createSmtpMailer({ url: world.mail.url, from });
      const appName = "Notes\r\nBcc: eve@example.com\r\n\r\nanother text";
      const app = world.another({ email: { mailer, appName } });
      expect((await ask({}, {}, app)).status).toBe(202);
      const { to, mail } = newest();
      expect(to).toEqual([address]);
      const names = mail.headers.map(({ key }) => key);
      for (const name of ["bcc", "cc"]) expect(names).not.toContain(name);
      expect(mail.text).not.toMatch(/^another text/);
    });

    it("header injection: who is asked for a mail does not say where its link leads", async () => {
      const host = "evil.example.com";
      const forwarded = {
        "x-forwarded-host": host,
        "x-forwarded-proto": "http",
        forwarded: `host=${host}`,
      };
      expect((await ask({}, { ...forwarded, host })).status).toBe(202);
      expect(linkIn(newest()).origin).toBe(serviceOrigin);
      expect(newest().mail.text).not.toContain("evil");
      expect(newest().mail.html).not.toContain("evil");
    });

    it.each(["https://evil.example/", `${appOrigin}.evil.example/`, "javascript:alert(1)"])(
      "open redirect: no link returns to %s",
      async (target) => {
        const before = world.mail.received.length;
        expect(await refusalOf(ask({ return: target }))).toBe("400 invalid-argument");
        expect(world.mail.received).toHaveLength(before);
      },
    );
  });
}
