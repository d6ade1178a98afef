/** What worker and service say to each other when a user signs in with a secret key. */
import type { Namespace } from "./keys.ts";

/** `POST /v1/auth/key/challenge`: the Ed25519 public key, 32 bytes as base64url. */
export interface KeyChallengeRequest {
  readonly publicKey: string;
}

export interface KeyChallengeAnswer {
  /** Opaque to the client; good for a minute or so, for this public key alone. */
  readonly challenge: string;
}

/** `POST /v1/auth/key/verify`: the signature, 64 bytes as base64url, of `keySignInText`. */
export interface KeyVerifyRequest {
  readonly publicKey: string;
  readonly challenge: string;
  readonly signature: string;
}

export interface SessionAnswer {
  /** A bearer token: a secret, never handed to a tab. */
  readonly session: string;
  readonly namespace: Namespace;
  /** Milliseconds since 1970 by the service's clock. */
  readonly expiresAt: number;
  /**
   * From so many milliseconds after it came, it is to be exchanged with `POST /v1/auth/refresh`, whose answer is a
   * `SessionAnswer`. The former token may be repeated until the new one is first used; after that it ends both.
   */
  readonly refreshAfterMs: number;
}

/** The body of every refusal of the service. */
export interface RefusalAnswer {
  readonly error: { readonly code: string; readonly message: string };
}

/**
 * The text that proves possession of the key. It names the service it is meant for, so that a hostile service
 * cannot pass a challenge of another on and sign in there with the answer.
 */
export function keySignInText(serviceOrigin: string, challenge: string): string {
  return `presync key sign-in, version 1\n${serviceOrigin}\n${challenge}`;
}

/**
 * `POST /v1/auth/email`, answered with 202 once the mail is on its way, or is refused for that address. The challenge is
 * the SHA-256 of a verifier, as base64url; `return` is the app's address to come back to.
 */
export interface EmailSignInRequest {
  readonly email: string;
  readonly challenge: string;
  readonly return: string;
}

/** Where a code is shown, to be typed in the browser that asked; relative to the service's address. */
export function codePagePath(code: string): string {
  return `v1/auth/email/code/${encodeURIComponent(code)}`;
}

/** `POST /v1/auth/redeem`: a one-time code, and what hashes to the challenge it was made for. */
export interface RedeemRequest {
  readonly code: string;
  readonly verifier: string;
}

/** Of an address to come back to: with what is around it, it has to fit into a cookie of 4 kB. */
export const returnLettersMax = 1500;

/** How a sign-in that left the page comes back to it: the last part of the address's fragment, which no server sees. */
const returnPattern = /(?:^#|&)presync-(code|error)=([\w.-]+)$/;

/** What to add to an address that a sign-in returns to. */
export function returnFragment(kind: "code" | "error", value: string, address: string): string {
  return `${address.includes("#") ? "&" : "#"}presync-${kind}=${value}`;
}

/** What a sign-in has added to a fragment, and the fragment without it; null where it has not. */
export function readReturn(
  hash: string,
): { readonly kind: "code" | "error"; readonly value: string; readonly rest: string } | null {
  const found = returnPattern.exec(hash);
  if (found === null) return null;
  const [, kind, value = ""] = found;
  return {
    kind: kind === "code" ? "code" : "error",
    value,
    rest: hash.slice(0, found.index),
  };
}

/** `GET /v1/auth`: the ways to sign in that this service has. */
export interface SignInMethods {
  /** `key`, `email` where the service sends mail, and the names of providers. */
  readonly methods: readonly string[];
}
