/**
 * A real OAuth and OpenID server for tests: it insists on PKCE, on the exact redirect address and on codes that are used
 * once. It stands where GitHub stands, too: the same paths, and a `/user` that answers with a number. Who signs in
 * chooses an account on its page.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Context } from "oidc-provider";
import OidcProvider from "oidc-provider";

export interface IdentityProvider {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What happened, in order: `authorization.success`, `grant.error invalid_grant`, … */
  readonly log: readonly string[];
  close(): Promise<void>;
}

const client = { id: "presync-tests", secret: "a-client-secret-of-the-tests" };

/** GitHub takes requests for nothing; this server grants no request that asks for nothing. */
const publicScope = "public";

const loggedEvents = [
  "authorization.success",
  "authorization.error",
  "grant.success",
  "grant.error",
];

/** Sends browsers back to these addresses alone. */
export async function startIdentityProvider(
  redirects: readonly string[],
): Promise<IdentityProvider> {
  const log: string[] = [];
  let provider: OidcProvider | undefined;
  const server = createServer((request, response) => {
    void handle(provider!, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider = new OidcProvider(
    url,
    configuration(redirects, () => provider!),
  );
  for (const event of loggedEvents)
    provider.on(event, (...details) => {
      const error = details.find((detail) => detail instanceof Error);
      log.push(error === undefined ? event : `${event} ${error.message}`);
    });
  return {
    url,
    clientId: client.id,
    clientSecret: client.secret,
    log,
    close: () => closeServer(server),
  };
}

function configuration(redirects: readonly string[], provider: () => OidcProvider): object {
  return {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: redirects,
        response_types: ["code"],
        grant_types: ["authorization_code"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    cookies: { keys: ["only-for-tests"] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_context: Context, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id }),
    }),
    interactions: { url: (_context: Context, { uid }: { uid: string }) => `/interaction/${uid}` },
    // Nobody is asked whether he agrees: that is between him and the provider.
    loadExistingGrant: async ({ oidc }: Context) => {
      const grant = new (provider().Grant)({
        clientId: oidc.client.clientId,
        accountId: oidc.session.accountId,
      });
      grant.addOIDCScope(`openid ${publicScope}`);
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
    routes: {
      authorization: "/login/oauth/authorize",
      token: "/login/oauth/access_token",
    },
    scopes: ["openid", publicScope],
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 600 },
  };
}

async function handle(
  provider: OidcProvider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://provider");
  if (pathname === "/user") return answerUser(provider, request, response);
  if (pathname.startsWith("/interaction/")) {
    const account = searchParams.get("account");
    if (account === null) return showAccounts(response, pathname);
    const result = account === "" ? { error: "access_denied" } : { login: { accountId: account } };
    return provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: false,
    });
  }
  if (pathname === "/login/oauth/authorize") {
    // Every sign-in asks who it is, as if nobody had been here before.
    delete request.headers.cookie;
    if (!searchParams.has("scope")) request.url += `&scope=${publicScope}`;
  }
  if (pathname.startsWith("/login/oauth/authorize")) nameAsGithub(response);
  return provider.callback()(request, response);
}

/** GitHub names itself by another address than an OpenID provider at the same place would. */
function nameAsGithub(response: ServerResponse): void {
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) => {
    const isCallback =
      name.toLowerCase() === "location" && /\/github\/callback\?/.test(String(value));
    return setHeader(name, isCallback ? withIssuerPath(String(value)) : value);
  };
}

function withIssuerPath(address: string): string {
  const url = new URL(address);
  url.searchParams.set("iss", `${url.searchParams.get("iss") ?? ""}/login/oauth`);
  return url.href;
}

function showAccounts(response: ServerResponse, path: string): void {
  const link = (account: string, text: string): string =>
    `<p><a href="${path}?account=${account}">${text}</a></p>`;
  const accounts = ["583231", "1024025"].map((id) => link(id, `Sign in as ${id}`));
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(`<!doctype html><title>Provider</title>${accounts.join("")}${link("", "Cancel")}`);
}

async function answerUser(
  provider: OidcProvider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const found = await provider.AccessToken.find(token);
  response.statusCode = found === undefined ? 401 : 200;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(found === undefined ? {} : { id: Number(found.accountId) }));
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
