/**
 * Challenges that need no memory: an expiry and a nonce, vouched for by an HMAC that also covers the public key
 * they were made for. Any instance that shares the secret can check one.
 *
 *     expiry (8 bytes, milliseconds, big-endian) | nonce (16) | HMAC-SHA256 (32), as base64url
 *
 * A challenge can be answered more than once until it expires; the answer is a signature that only the holder of
 * the key can make, and it travels inside TLS.
 */
import { decodeBase64Url, encodeBase64Url } from "../shared/base64url.ts";
import type { CheckedConfig } from "./config.ts";
import { deriveHmacKey, firstVerdict } from "./derived-key.ts";

/** Enough for one round trip on a bad line, and of no use to whoever finds it later. */
export const challengeMsMax: number = 90_000;

const label = "presync/v1/key-challenge";
const expiryBytes = 8;
const nonceBytes = 16;
const bodyBytes = expiryBytes + nonceBytes;
const macBytes = 32;

export interface Challenges {
  issue(publicKey: Uint8Array): Promise<string>;
  /** Whether this is a challenge of ours, for this key, and not expired. */
  isValid(challenge: string, publicKey: Uint8Array): Promise<boolean>;
}

export function createChallenges(
  config: Pick<CheckedConfig, "sessionSecrets" | "now">,
): Challenges {
  const { now } = config;
  const keys = Promise.all(config.sessionSecrets.map((secret) => deriveHmacKey(secret, label)));

  async function issue(publicKey: Uint8Array): Promise<string> {
    const challenge = new Uint8Array(bodyBytes + macBytes);
    new DataView(challenge.buffer).setBigUint64(0, BigInt(now() + challengeMsMax));
    crypto.getRandomValues(challenge.subarray(expiryBytes, bodyBytes));
    const [key] = await keys;
    if (key === undefined) return "";
    const covered = coveredBytes(challenge, publicKey);
    challenge.set(new Uint8Array(await crypto.subtle.sign("HMAC", key, covered)), bodyBytes);
    return encodeBase64Url(challenge);
  }

  async function isValid(text: string, publicKey: Uint8Array): Promise<boolean> {
    const challenge = decodeBase64Url(text);
    if (challenge.length !== bodyBytes + macBytes) return false;
    const covered = coveredBytes(challenge, publicKey);
    const mac = challenge.slice(bodyBytes);
    const vouched = await firstVerdict(await keys, async (key) =>
      // WebCrypto compares in constant time.
      (await crypto.subtle.verify("HMAC", key, mac, covered)) ? true : undefined,
    );
    const expiry = new DataView(challenge.buffer).getBigUint64(0);
    return vouched === true && expiry > BigInt(now());
  }

  return { issue, isValid };
}

/** Every part has a fixed length (the caller checked the key's), so joining them is unambiguous. */
function coveredBytes(challenge: Uint8Array, publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...challenge.subarray(0, bodyBytes), ...publicKey]);
}
