/**
 * Signing in at a provider, to which the browser is sent and from which it comes back.
 *
 *     page     GET /v1/auth/<provider>/start?challenge=…&return=…    -> the provider
 *     provider GET /v1/auth/<provider>/callback?code=…&state=…       -> the page, with #presync-code=…
 *     worker   POST /v1/auth/redeem {code, verifier}                 -> a session
 *
 * What must be known in between is sealed into a cookie, so that only the browser that began can finish. It says where
 * to return to, which is checked when it is sealed: nobody can be sent anywhere else from here.
 */
import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { encodeBase64Url } from "../shared/base64url.ts";
import { PresyncError, toErrorData } from "../shared/errors.ts";
import { isNamespace } from "../shared/keys.ts";
import { inService } from "../shared/service-address.ts";
import { returnFragment } from "../shared/sign-in.ts";
import type { CheckedConfig } from "./config.ts";
import type { OneTimeCodes } from "./one-time-codes.ts";
import type { Provider, ProviderRequest } from "./provider.ts";
import { createSealer } from "./sealed.ts";
import { checkedChallenge, checkedReturn } from "./sign-in-request.ts";

/** A person may have to find the second factor first. */
export const signInSecondsMax = 900;

const secretBytes = 32;

interface Begun {
  readonly provider: string;
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
  readonly challenge: string;
  readonly returnTo: string;
}

export function addRedirectSignIn(app: Hono, config: CheckedConfig, codes: OneTimeCodes): void {
  const sealer = createSealer<Begun>(config, "redirect-sign-in", signInSecondsMax);
  const isSecure = new URL(config.publicUrl).protocol === "https:";
  // A browser takes a name with this prefix from this very host alone, and over https.
  const cookieName = (state: string): string =>
    `${isSecure ? "__Host-" : ""}presync-sign-in-${state.slice(0, 8)}`;
  const cookie = { path: "/", httpOnly: true, secure: isSecure, sameSite: "Lax" } as const;

  const requestOf = ({ name }: Provider, begun: Begun): ProviderRequest => ({
    ...begun,
    redirectUri: inService(config.publicUrl, `v1/auth/${name}/callback`),
  });

  for (const provider of config.providers) {
    app.get(`/v1/auth/${provider.name}/start`, async (c) => {
      const challenge = checkedChallenge(c.req.query("challenge"));
      const begun: Begun = {
        provider: provider.name,
        state: secret(),
        codeVerifier: secret(),
        nonce: secret(),
        challenge,
        returnTo: checkedReturn(c.req.query("return"), config.origins),
      };
      try {
        const to = await provider.authorizationUrl(requestOf(provider, begun));
        const sealed = await sealer.seal(begun);
        setCookie(c, cookieName(begun.state), sealed, { ...cookie, maxAge: signInSecondsMax });
        return c.redirect(to.href, 302);
      } catch (error) {
        return sendBack(c, begun, error);
      }
    });

    app.get(`/v1/auth/${provider.name}/callback`, async (c) => {
      const begun = await begunBy(c, provider);
      deleteCookie(c, cookieName(begun.state), cookie);
      try {
        const account = await provider.identify(requestOf(provider, begun), callbackOf(c));
        const namespace = `${provider.name}:${account}`;
        if (!isNamespace(namespace)) throw new PresyncError("internal", "not a namespace");
        config.log({ level: "info", event: "signed-in", namespace });
        const code = await codes.issue(namespace, begun.challenge);
        return c.redirect(begun.returnTo + returnFragment("code", code, begun.returnTo), 303);
      } catch (error) {
        return sendBack(c, begun, error);
      }
    });
  }

  /** To the page, with the reason's code. */
  function sendBack(c: Context, { provider, returnTo }: Begun, error: unknown): Response {
    const { code, message } = toErrorData(error);
    const known = error instanceof PresyncError ? { message } : {};
    config.log({ level: "warn", event: "sign-in-failed", provider, code, ...known });
    return c.redirect(returnTo + returnFragment("error", code, returnTo), 303);
  }

  /** What this browser began and the provider answers; nobody is sent anywhere without it. */
  async function begunBy(c: Context, provider: Provider): Promise<Begun> {
    const state = c.req.query("state") ?? "";
    const sealed = /^[\w-]{43}$/.test(state) ? getCookie(c, cookieName(state)) : undefined;
    const begun = sealed === undefined ? null : await sealer.open(sealed);
    if (begun === null || begun.state !== state || begun.provider !== provider.name)
      throw new PresyncError(
        "unauthenticated",
        "this browser has not begun this sign-in, or too long ago: go back and begin again",
      );
    return begun;
  }
}

function callbackOf(c: Context): URL {
  return new URL(c.req.url);
}

function secret(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(secretBytes)));
}
