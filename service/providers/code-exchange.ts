/** The authorization code flow with PKCE (RFC 9700 section 2.1.1), as far as it is the same everywhere. */
import * as oauth from "oauth4webapi";
import { PresyncError } from "../../shared/errors.ts";
import type { ProviderRequest } from "../provider.ts";

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly fetch?: typeof fetch;
}

export interface Expected {
  /** Whether an ID token must come, with the request's nonce. */
  readonly idToken: boolean;
}

/** A provider that takes longer is as good as down. */
export const answerMsMax = 10_000;

export async function authorizationUrl(
  server: oauth.AuthorizationServer,
  { clientId }: OAuthClient,
  request: ProviderRequest,
  scope: string | undefined,
): Promise<URL> {
  const url = new URL(server.authorization_endpoint!);
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: request.redirectUri,
    state: request.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(request.codeVerifier),
    code_challenge_method: "S256",
    ...(scope === undefined ? {} : { scope, nonce: request.nonce }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** Exchanges the code in `callback`; throws as `Provider.identify`. */
export function exchangeCode(
  server: oauth.AuthorizationServer,
  client: OAuthClient,
  request: ProviderRequest,
  callback: URL,
  expected: Expected,
): Promise<oauth.TokenEndpointResponse> {
  return refusing(async () => {
    const known: oauth.Client = { client_id: client.clientId };
    const parameters = oauth.validateAuthResponse(server, known, callback, request.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      known,
      oauth.ClientSecretPost(client.clientSecret),
      parameters,
      request.redirectUri,
      request.codeVerifier,
      requestOptions(client, server.issuer),
    );
    return oauth.processAuthorizationCodeResponse(
      server,
      known,
      response,
      expected.idToken ? { expectedNonce: request.nonce, requireIdToken: true } : {},
    );
  });
}

interface RequestOptions {
  readonly signal: () => AbortSignal;
  readonly [oauth.allowInsecureRequests]: boolean;
  readonly [oauth.customFetch]?: (url: string, init: object) => Promise<Response>;
}

export function requestOptions(client: OAuthClient, issuer: string): RequestOptions {
  const { fetch: ask } = client;
  return {
    signal: () => AbortSignal.timeout(answerMsMax),
    // Plain http is for providers on this machine; the configuration says which address it is.
    [oauth.allowInsecureRequests]: new URL(issuer).protocol === "http:",
    ...(ask === undefined ? {} : { [oauth.customFetch]: (url, init) => ask(url, init) }),
  };
}

/** What goes wrong between us and a provider, in our words; never in the provider's, which could hold anything. */
export async function refusing<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof PresyncError) throw cause;
    if (cause instanceof oauth.AuthorizationResponseError)
      throw new PresyncError("denied", "the sign-in was refused or cancelled", { cause });
    if (cause instanceof oauth.ResponseBodyError && cause.status < 500)
      throw new PresyncError("denied", "the provider does not take the code", { cause });
    if (cause instanceof oauth.OperationProcessingError && cause.code === oauth.INVALID_RESPONSE)
      throw new PresyncError("denied", "this is no answer to what was asked", { cause });
    throw new PresyncError("retry", "the provider does not answer as it should; try again", {
      cause,
    });
  }
}
