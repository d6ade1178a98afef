/** Any OpenID provider, found by its issuer (OpenID Connect Discovery 1.0). */
import * as oauth from "oauth4webapi";
import { PresyncError } from "../../shared/errors.ts";
import type { Provider } from "../provider.ts";
import { textHash } from "../text-hash.ts";
import type { OAuthClient } from "./code-exchange.ts";
import { authorizationUrl, exchangeCode, refusing, requestOptions } from "./code-exchange.ts";

export interface OidcOptions extends OAuthClient {
  readonly issuer: string;
  /** Default: `oidc`. */
  readonly name?: string;
}

/** Endpoints move rarely; a restart of the service should not be needed when they do. */
const discoveryMsMax = 3_600_000;

export function oidcProvider(options: OidcOptions): Provider {
  const issuer = new URL(options.issuer);
  let found: { readonly server: oauth.AuthorizationServer; readonly at: number } | undefined;

  const discover = async (): Promise<oauth.AuthorizationServer> => {
    const now = Date.now();
    if (found !== undefined && Math.abs(now - found.at) < discoveryMsMax) return found.server;
    const server = await refusing(async () => {
      const response = await oauth.discoveryRequest(issuer, requestOptions(options, issuer.href));
      return oauth.processDiscoveryResponse(issuer, response);
    });
    found = { server, at: now };
    return server;
  };

  return {
    name: options.name ?? "oidc",
    authorizationUrl: async (request) =>
      authorizationUrl(await discover(), options, request, "openid"),
    async identify(request, callback) {
      const tokens = await exchangeCode(await discover(), options, request, callback, {
        idToken: true,
      });
      const subject = oauth.getValidatedIdTokenClaims(tokens)?.sub;
      if (subject === undefined) throw new PresyncError("denied", "the provider names no account");
      // It may have any letters, and is unique below its issuer only.
      return textHash(`${issuer.href} ${subject}`);
    },
  };
}
