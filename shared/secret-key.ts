/**
 * The secret key: an identity without an account anywhere. 256 random bits and a CRC-24 against typing errors, written
 * as 56 letters of Crockford's base32 (case and separators do not matter) in groups of four: `PSK1-4T5A-…`.
 */
import { crockfordAlphabet, readLetters, toCrockford } from "./crockford.ts";
import { PresyncError } from "./errors.ts";

export const secretKeyBytes = 32;
const checksumBytes = 3;
const prefix = "PSK1";

/** What the key is stretched into: one HKDF-SHA256 `info` for each purpose, so that no use weakens another. */
export const secretKeyLabels = {
  salt: "presync",
  /** Seed of the Ed25519 key pair that is the identity and proves it. */
  identity: "presync/v1/identity",
} as const;

export function formatSecretKey(secret: Uint8Array): string {
  if (secret.length !== secretKeyBytes)
    throw new PresyncError("invalid-argument", `a secret key has ${secretKeyBytes} bytes`);
  const bytes = new Uint8Array([...secret, ...checksum(secret)]);
  return [prefix, ...(toCrockford(bytes).match(/.{4}/g) ?? [])].join("-");
}

/** Reads what a person typed or pasted; throws `invalid-argument` where it is not a whole, undamaged key. */
export function parseSecretKey(text: string): Uint8Array<ArrayBuffer> {
  const letters = readLetters(text);
  const body = letters.slice(prefix.length);
  if (!letters.startsWith(prefix) || body.length !== ((secretKeyBytes + checksumBytes) * 8) / 5)
    throw new PresyncError("invalid-argument", "this is not a whole secret key");
  const bytes = new Uint8Array(secretKeyBytes + checksumBytes);
  for (let group = 0; group < bytes.length / 5; group++) {
    let value = 0n;
    for (const letter of body.slice(group * 8, group * 8 + 8)) {
      const digit = crockfordAlphabet.indexOf(letter);
      if (digit < 0)
        throw new PresyncError("invalid-argument", "this secret key has a character no key has");
      value = (value << 5n) | BigInt(digit);
    }
    for (let byte = 4; byte >= 0; byte--, value >>= 8n)
      bytes[group * 5 + byte] = Number(value & 255n);
  }
  const secret = bytes.slice(0, secretKeyBytes);
  if (checksum(secret).some((byte, index) => byte !== bytes[secretKeyBytes + index]))
    throw new PresyncError("invalid-argument", "this secret key has a typing error in it");
  return secret;
}

/** CRC-24 as in RFC 9580 section 6.1: catches any burst of up to 24 bits, so any one or two wrong neighbours. */
function checksum(bytes: Uint8Array): [number, number, number] {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x800000) === 0 ? 0 : 0x1864cfb);
  }
  return [(crc >> 16) & 255, (crc >> 8) & 255, crc & 255];
}
