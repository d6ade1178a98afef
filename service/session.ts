/**
 * A session says who somebody is: a JWT (HS256) whose subject is a namespace. It is a bearer token for
 * `POST /v1/grants`, so it is never logged and never stands in an error. Type, algorithm, issuer and audience
 * are pinned: a token that was made for anything else, even under the same secret, is not a session.
 */
import { errors, jwtVerify, SignJWT } from "jose";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import { isNamespace } from "../shared/keys.ts";
import type { SessionAnswer } from "../shared/sign-in.ts";
import type { CheckedConfig } from "./config.ts";
import { deriveHmacKey, firstVerdict } from "./derived-key.ts";

const algorithm = "HS256";
const type = "presync-session+jwt";
const label = "presync/v1/session";
/** What the session is good for; a later kind of token gets an audience of its own. */
const audiencePath = "/v1/grants";
/** Our own tokens have under 500 letters: nothing longer is worth parsing. */
const tokenLettersMax = 2048;

export interface Sessions {
  issue(namespace: Namespace): Promise<SessionAnswer>;
  /** Who the `Authorization` header speaks for; throws `unauthenticated`. */
  authenticate(authorization: string | undefined): Promise<Namespace>;
}

export function createSessions(
  config: Pick<CheckedConfig, "sessionSecrets" | "sessionSeconds" | "serviceOrigin" | "now">,
): Sessions {
  const { serviceOrigin, now } = config;
  const audience = serviceOrigin + audiencePath;
  const keys = Promise.all(config.sessionSecrets.map((secret) => deriveHmacKey(secret, label)));

  async function issue(namespace: Namespace): Promise<SessionAnswer> {
    const issuedAt = Math.floor(now() / 1000);
    const expiresAt = issuedAt + config.sessionSeconds;
    const [key] = await keys;
    if (key === undefined) throw new PresyncError("internal", "there is no session secret");
    const session = await new SignJWT()
      .setProtectedHeader({ alg: algorithm, typ: type })
      .setIssuer(serviceOrigin)
      .setAudience(audience)
      .setSubject(namespace)
      .setJti(crypto.randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(key);
    return { session, namespace, expiresAt: expiresAt * 1000 };
  }

  async function authenticate(authorization: string | undefined): Promise<Namespace> {
    const token = /^Bearer ([\w.-]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined || token.length > tokenLettersMax) throw unauthenticated("missing");
    const verified = await firstVerdict(await keys, async (key) => {
      try {
        return await jwtVerify(token, key, {
          algorithms: [algorithm],
          typ: type,
          issuer: serviceOrigin,
          audience,
          requiredClaims: ["sub", "exp", "iat", "jti"],
          currentDate: new Date(now()),
        });
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
        throw unauthenticated(error instanceof errors.JWTExpired ? "expired" : "malformed");
      }
    });
    const namespace = verified?.payload.sub;
    if (!isNamespace(namespace)) throw unauthenticated("malformed");
    return namespace;
  }

  return { issue, authenticate };
}

function unauthenticated(how: "missing" | "expired" | "malformed"): PresyncError {
  return new PresyncError("unauthenticated", `the session is ${how}: sign in again`);
}
