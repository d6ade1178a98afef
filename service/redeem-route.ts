/** `POST /v1/auth/redeem {code, verifier}`: what a sign-in that went through a page ends with. */
import type { Hono } from "hono";
import { readTypedCode } from "../shared/typed-code.ts";
import type { CheckedConfig } from "./config.ts";
import type { EmailLinks } from "./email-links.ts";
import { readJson, stringOf } from "./json-body.ts";
import type { OneTimeCodes } from "./one-time-codes.ts";
import type { Sessions } from "./session.ts";

export interface RedeemParts {
  readonly sessions: Sessions;
  readonly codes: OneTimeCodes;
  readonly links: EmailLinks;
}

export function addRedeem(
  app: Hono,
  { log }: CheckedConfig,
  { sessions, codes, links }: RedeemParts,
): void {
  app.post("/v1/auth/redeem", async (c) => {
    const body = await readJson(c);
    const code = stringOf(body["code"], "code");
    const verifier = stringOf(body["verifier"], "verifier");
    const typed = readTypedCode(code);
    if (typed === null) return c.json(await sessions.issue(await codes.redeem(code, verifier)));
    const namespace = await links.redeem(typed, verifier);
    log({ level: "info", event: "signed-in", namespace });
    return c.json(await sessions.issue(namespace));
  });
}
