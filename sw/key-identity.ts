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

const seedBits = 256;

/** The head of a PKCS#8 Ed25519 private key (RFC 8410 section 7); the 32 bytes of the seed follow. */
const pkcs8Head = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

/** Throws `invalid-argument` for a text that is no secret key. */
export async function deriveKeyIdentity(secretKey: string): Promise<KeyIdentity> {
  const encoder = new TextEncoder();
  const secret = parseSecretKey(secretKey);
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const seed = await crypto.subtle.deriveBits(
    {
      name: "HKDF",
      hash: "SHA-256",
      salt: encoder.encode(secretKeyLabels.salt),
      info: encoder.encode(secretKeyLabels.identity),
    },
    material,
    seedBits,
  );
  const pkcs8 = new Uint8Array([...pkcs8Head, ...new Uint8Array(seed)]);
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

function importPrivate(pkcs8: Uint8Array<ArrayBuffer>, extractable: boolean): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", extractable, ["sign"]);
}
