/**
 * What a session's token says: a JWT (HS256) whose subject is a namespace, with the family it descends from and its
 * generation in it. It is a bearer token, so it is never logged and never stands in an error. Type, algorithm, issuer
 * and audience are pinned: a token that was made for anything else, even under the same secret, is not a session.
 */
import { errors, jwtVerify, SignJWT } from "jose";
import { PresyncError } from "../shared/errors.ts";
import { bytesToHex } from "../shared/hex.ts";
import type { Namespace } from "../shared/keys.ts";
import { isNamespace } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import { deriveHmacKey, firstVerdict } from "./derived-key.ts";

const algorithm = "HS256";
const type = "presync-session+jwt";
const label = "presync/v1/session";
/** What the session is good for; a later kind of token gets an audience of its own. */
const audiencePath = "/v1/grants";
/** Our own tokens have under 600 letters: nothing longer is worth parsing. */
const tokenLettersMax = 2048;

const idBytes = 16;
const idPattern = /^[0-9a-f]{32}$/;
/** A generation a day for more than two and a half thousand years. */
const generationMax = 999_999;

export interface SessionClaims {
  readonly namespace: Namespace;
  /** One sign-in, and every token that descends from it: 32 hex digits. */
  readonly family: string;
  /** 0 for the token of the sign-in; each refresh counts one up. */
  readonly generation: number;
  /** The token's own: 32 hex digits. Two tokens of one generation are two answers to one refresh. */
  readonly id: string;
  /** Whole seconds since 1970. */
  readonly issuedAt: number;
  /** When the token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface SessionTokens {
  /** The token, and when it expires, in milliseconds since 1970. It is issued now, but not before `after`'s second is over. */
  make(
    claims: Omit<SessionClaims, "issuedAt" | "expiresAt">,
    after?: number,
  ): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** What the token in an `Authorization` header says; throws `unauthenticated`. */
  read(authorization: string | undefined): Promise<SessionClaims>;
}

/** For a family or a token. */
export function newSessionId(): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(idBytes)));
}

export function createSessionTokens(
  config: Pick<CheckedConfig, "sessionSecrets" | "sessionSeconds" | "serviceOrigin" | "now">,
): SessionTokens {
  const { serviceOrigin, now } = config;
  const audience = serviceOrigin + audiencePath;
  const keys = Promise.all(config.sessionSecrets.map((secret) => deriveHmacKey(secret, label)));

  async function make(
    { namespace, family, generation, id }: Omit<SessionClaims, "issuedAt" | "expiresAt">,
    after = 0,
  ): Promise<{
    readonly token: string;
    readonly expiresAt: number;
  }> {
    const issuedAt = Math.max(secondsOf(now()), secondsOf(after) + 1);
    const expiresAt = issuedAt + config.sessionSeconds;
    const [key] = await keys;
    if (key === undefined) throw new PresyncError("internal", "there is no session secret");
    const token = await new SignJWT({ fam: family, gen: generation })
      .setProtectedHeader({ alg: algorithm, typ: type })
      .setIssuer(serviceOrigin)
      .setAudience(audience)
      .setSubject(namespace)
      .setJti(id)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(key);
    return { token, expiresAt: expiresAt * 1000 };
  }

  async function read(authorization: string | undefined): Promise<SessionClaims> {
    const token = /^Bearer ([\w.-]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined || token.length > tokenLettersMax) throw unauthenticated("missing");
    const verified = await firstVerdict(await keys, async (key) => {
      try {
        return await jwtVerify(token, key, {
          algorithms: [algorithm],
          typ: type,
          issuer: serviceOrigin,
          audience,
          requiredClaims: ["sub", "exp", "iat", "jti", "fam", "gen"],
          currentDate: new Date(now()),
        });
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
        throw unauthenticated(error instanceof errors.JWTExpired ? "expired" : "malformed");
      }
    });
    const payload = verified?.payload ?? {};
    const {
      sub: namespace,
      fam: family,
      gen: generation,
      jti: id,
      iat: issuedAt = 0,
      exp = 0,
    } = payload;
    const areIds = isSessionId(family) && isSessionId(id);
    if (!isNamespace(namespace) || !areIds || !isGeneration(generation))
      throw unauthenticated("malformed");
    return { namespace, family, generation, id, issuedAt, expiresAt: exp * 1000 };
  }

  return { make, read };
}

export function unauthenticated(
  how: "missing" | "expired" | "malformed" | "revoked",
): PresyncError {
  return new PresyncError("unauthenticated", `the session is ${how}: sign in again`);
}

/** As a token states times: a second that has begun counts. */
export function secondsOf(ms: number): number {
  return Math.floor(ms / 1000);
}

export function isSessionId(value: unknown): value is string {
  return typeof value === "string" && idPattern.test(value);
}

function isGeneration(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= generationMax;
}
