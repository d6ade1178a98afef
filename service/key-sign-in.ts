/**
 * Signing in with a secret key: the holder proves possession of an Ed25519 key pair, and the public key *is* the
 * identity (namespace `key:<RFC 7638 thumbprint>`). No account, no storage: anybody may make a key.
 */
import type { Hono } from "hono";
import { calculateJwkThumbprint } from "jose";
import { decodeBase64Url } from "../shared/base64url.ts";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import { parseNamespace } from "../shared/keys.ts";
import type { KeyChallengeAnswer } from "../shared/sign-in.ts";
import { keySignInText } from "../shared/sign-in.ts";
import { createChallenges } from "./challenge.ts";
import type { CheckedConfig } from "./config.ts";
import { readJson, stringOf } from "./json-body.ts";
import type { Sessions } from "./session.ts";

const publicKeyBytes = 32;
const signatureBytes = 64;

export function addKeySignIn(app: Hono, config: CheckedConfig, sessions: Sessions): void {
  const challenges = createChallenges(config);

  app.post("/v1/auth/key/challenge", async (c) => {
    const body = await readJson(c);
    const publicKey = bytesOf(body["publicKey"], publicKeyBytes, "publicKey");
    const answer: KeyChallengeAnswer = { challenge: await challenges.issue(publicKey) };
    return c.json(answer);
  });

  app.post("/v1/auth/key/verify", async (c) => {
    const body = await readJson(c);
    const publicKey = bytesOf(body["publicKey"], publicKeyBytes, "publicKey");
    const signature = bytesOf(body["signature"], signatureBytes, "signature");
    const challenge = stringOf(body["challenge"], "challenge");
    if (!(await challenges.isValid(challenge, publicKey)))
      throw new PresyncError("unauthenticated", "this challenge is expired or not from here");
    const text = keySignInText(config.serviceOrigin, challenge);
    if (!(await isSignedBy(publicKey, signature, text)))
      throw new PresyncError("unauthenticated", "the signature does not fit key and challenge");
    return c.json(
      await sessions.issue(await keyNamespace(stringOf(body["publicKey"], "publicKey"))),
    );
  });
}

/** Base64url has one spelling for each byte string, so one key is one namespace. */
async function keyNamespace(publicKey: string): Promise<Namespace> {
  const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey };
  return parseNamespace(`key:${await calculateJwkThumbprint(jwk, "sha256")}`);
}

async function isSignedBy(
  publicKey: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, new TextEncoder().encode(text));
  } catch {
    // Some runtimes refuse bytes that are no point of the curve already when they are imported.
    return false;
  }
}

function bytesOf(value: unknown, length: number, name: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64Url(stringOf(value, name));
  if (bytes.length === length) return bytes;
  throw new PresyncError("malformed", `${name} must have ${length} bytes`);
}
