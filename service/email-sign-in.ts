/**
 * Signing in with a mailed link.
 *
 *     worker   POST /v1/auth/email {email, challenge, return}   -> 202, and a mail
 *     person   GET  /v1/auth/email/link/<id>/<secret>           -> a page with a button: nothing has happened yet
 *     button   POST /v1/auth/email/link/<id>/<secret>           -> the app's page, with #presync-code=…
 *     worker   POST /v1/auth/redeem {code, verifier}            -> a session
 *
 * Where the app's page finds that nobody has asked there, it sends the person on to /v1/auth/email/code/<code>, which
 * shows the code, to be typed where somebody has.
 */
import type { Hono } from "hono";
import { PresyncError } from "../shared/errors.ts";
import { inService } from "../shared/service-address.ts";
import { returnFragment } from "../shared/sign-in.ts";
import { readTypedCode } from "../shared/typed-code.ts";
import type { CheckedConfig } from "./config.ts";
import { readAddress } from "./email-address.ts";
import type { EmailLinks } from "./email-links.ts";
import { composeMail } from "./email-mail.ts";
import { codePage, confirmPage, overPage } from "./email-page.ts";
import { readJson, stringOf } from "./json-body.ts";
import type { LimitName } from "./limits.ts";
import { limit } from "./limits.ts";
import type { EmailSettings, Mail } from "./mailer.ts";
import { checkedChallenge, checkedReturn } from "./sign-in-request.ts";
import type { SingleUse } from "./single-use.ts";
import { textHash } from "./text-hash.ts";

export interface EmailParts {
  readonly email: EmailSettings;
  readonly links: EmailLinks;
  readonly singleUse: SingleUse;
}

const linkPath = "/v1/auth/email/link/:id{[\\w-]{43}}/:secret{[\\w-]{43}}";

export function addEmailSignIn(app: Hono, config: CheckedConfig, parts: EmailParts): void {
  const { email, links, singleUse } = parts;
  const { limits, log } = config;
  const nameOf = (origin: string): string => email.appName ?? new URL(origin).host;

  app.post("/v1/auth/email", async (c) => {
    const body = await readJson(c);
    const address = readAddress(stringOf(body["email"], "email"));
    const challenge = checkedChallenge(body["challenge"]);
    const returnTo = checkedReturn(body["return"], config.origins);
    const client = config.clientOf(c);
    const asked = await textHash(address);
    const counted: [LimitName, string][] = [
      ["mails-for-client", client],
      ["mails-to-address-for-client", `${asked} ${client}`],
      ["mails-to-address", asked],
    ];
    for (const [name, key] of counted) await limit(limits, name, key);
    await singleUse.check();
    const { id, secret } = await links.create({ address, challenge, returnTo });
    const appOrigin = new URL(returnTo).origin;
    const link = inService(config.publicUrl, `v1/auth/email/link/${id}/${secret}`);
    const mail = await composeMail({ to: address, appName: nameOf(appOrigin), appOrigin, link });
    try {
      await send(mail);
    } catch (error) {
      for (const [name, key] of counted) await limits.giveBack(name, key);
      throw error;
    }
    // The same for every address.
    return c.body(null, 202);
  });

  /** Whether somebody has a mailbox is nobody else's business: only the log tells. */
  async function send(mail: Mail): Promise<void> {
    try {
      const isSent = await email.mailer.send(mail);
      log(
        isSent ? { level: "info", event: "mail-sent" } : { level: "warn", event: "mail-refused" },
      );
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      log({ level: "error", event: "mail-failed", code: typeof code === "string" ? code : "" });
      throw new PresyncError("retry", "no mail can be sent at the moment; try again");
    }
  }

  app.get(linkPath, async (c) => {
    const found = await links.open(c.req.param());
    if (found === null) return overPage(c);
    const { origin } = new URL(found.returnTo);
    return confirmPage(c, nameOf(origin), origin);
  });

  app.post(linkPath, async (c) => {
    const found = await links.open(c.req.param());
    if (found === null) return overPage(c);
    const { code, returnTo } = found;
    return c.redirect(returnTo + returnFragment("code", code, returnTo), 303);
  });

  app.get("/v1/auth/email/code/:code", (c) => {
    const code = readTypedCode(c.req.param("code"));
    if (code === null) throw new PresyncError("invalid-argument", "this is no code");
    return codePage(c, code);
  });
}
