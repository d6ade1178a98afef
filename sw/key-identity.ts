/**
 * The identity in a secret key: an Ed25519 key pair whose seed is derived from the secret (HKDF, RFC 5869). The
 * private key cannot be taken out of the browser's crypto again, and the secret itself is not kept.
 */
import { encodeBase64Url } from "../shared/base64url.ts";
import { PresyncError } from "../shared/errors.ts";
import { parseSecretKey, secretKeyLabels } from "../shared/secret-key.ts";

export interface KeyIdentity {
  /** 32 bytes as base64url. */
  readonly publicKey: string;
  /** 64 bytes as base64url. */
  sign(text: string): Promise<string>;
}

const seedBytes = 32;
/** How many seeds are derived, to take the first one that every browser takes; that none is has a chance of 2^-64. */
const seedsMax = 8;

/** The head of a PKCS#8 Ed25519 private key (RFC 8410 section 7); the 32 bytes of the seed follow. */
const pkcs8Head = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

/** Throws `invalid-argument` for a text that is no secret key. */
export async function deriveKeyIdentity(secretKey: string): Promise<KeyIdentity> {
  const encoder = new TextEncoder();
  const secret = parseSecretKey(secretKey);
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const seeds = await crypto.subtle.deriveBits(
    {
      name: "HKDF",
      hash: "SHA-256",
      salt: encoder.encode(secretKeyLabels.salt),
      info: encoder.encode(secretKeyLabels.identity),
    },
    material,
    seedsMax * seedBytes * 8,
  );
  const pkcs8 = new Uint8Array([...pkcs8Head, ...firstPortable(new Uint8Array(seeds))]);
  // Extractable only here, because that is the one way the platform gives to the public half.
  const whole = await importPrivate(pkcs8, true);
  const { x } = await crypto.subtle.exportKey("jwk", whole);
  if (x === undefined) throw new PresyncError("internal", "an Ed25519 key without its public half");
  const privateKey = await importPrivate(pkcs8, false);
  return {
    publicKey: x,
    async sign(text) {
      const signature = await crypto.subtle.sign("Ed25519", privateKey, encoder.encode(text));
      return encodeBase64Url(new Uint8Array(signature));
    },
  };
}

/**
 * The first seed that does not begin with a zero byte. WebKitGTK (2.50) refuses to import one that does, as one in 256
 * does, with a DataError; of 4,000 random seeds it refused those 14 and no other.
 */
function firstPortable(seeds: Uint8Array): Uint8Array {
  for (let at = 0; at < seeds.length; at += seedBytes)
    if (seeds[at] !== 0) return seeds.subarray(at, at + seedBytes);
  throw new PresyncError("internal", "no seed that every browser takes");
}

function importPrivate(pkcs8: Uint8Array<ArrayBuffer>, extractable: boolean): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", extractable, ["sign"]);
}
