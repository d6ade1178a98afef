/**
 * GitHub, or GitHub Enterprise: its own OAuth, which has no ID token. Who it is, is the account's number, which stays
 * when the name changes. No scope is asked for: the token could read what is public, and is dropped.
 */
import { PresyncError } from "../../shared/errors.ts";
import type { Provider } from "../provider.ts";
import type { OAuthClient } from "./code-exchange.ts";
import { answerMsMax, authorizationUrl, exchangeCode, refusing } from "./code-exchange.ts";

export interface GithubOptions extends OAuthClient {
  /** Where people sign in. Default: `https://github.com`. */
  readonly url?: string;
  /** Default: `https://api.github.com`. */
  readonly apiUrl?: string;
}

export function githubProvider(options: GithubOptions): Provider {
  const url = new URL(options.url ?? "https://github.com").href.replace(/\/$/, "");
  const apiUrl = new URL(options.apiUrl ?? "https://api.github.com").href.replace(/\/$/, "");
  const server = {
    // What it names itself by in its answers (RFC 9207).
    issuer: `${url}/login/oauth`,
    authorization_endpoint: `${url}/login/oauth/authorize`,
    token_endpoint: `${url}/login/oauth/access_token`,
  };
  const ask = options.fetch ?? fetch;

  async function accountOf(token: string): Promise<string> {
    const response = await ask(`${apiUrl}/user`, {
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        // GitHub refuses requests without one.
        "user-agent": "presync",
        "x-github-api-version": "2022-11-28",
      },
      redirect: "error",
      signal: AbortSignal.timeout(answerMsMax),
    });
    if (!response.ok) throw new Error(`the provider answered ${response.status}`);
    const { id } = (await response.json()) as { id?: unknown };
    if (Number.isSafeInteger(id) && (id as number) > 0) return String(id);
    throw new PresyncError("denied", "the provider names no account");
  }

  return {
    name: "github",
    authorizationUrl: (request) => authorizationUrl(server, options, request, undefined),
    async identify(request, callback) {
      const tokens = await exchangeCode(server, options, request, callback, { idToken: false });
      return refusing(() => accountOf(tokens.access_token));
    },
  };
}
