/**
 * Codes that a person reads on one screen and types on another: 40 bits as eight letters of Crockford's base32, shown
 * as `K7QF-2M9X`. Case, spaces and hyphens do not matter, and O, I and L are read as the digits they look like.
 */
import { toCrockford, readLetters } from "./crockford.ts";

const letters = 8;

const codePattern = /^[0-9A-HJKMNP-TV-Z]{8}$/;

/** Of the first 40 bits of some random or hashed bytes. */
export function typedCodeOf(bytes: Uint8Array): string {
  return toCrockford(bytes.subarray(0, (letters * 5) / 8));
}

/** For a person to read. */
export function showTypedCode(code: string): string {
  return `${code.slice(0, letters / 2)}-${code.slice(letters / 2)}`;
}

/** What a person typed; null where it cannot be a code. */
export function readTypedCode(text: string): string | null {
  const code = readLetters(text);
  return codePattern.test(code) ? code : null;
}
