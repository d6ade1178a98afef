/** Base64url without padding (RFC 4648 section 5), strict on reading: every byte string has one spelling. */
import { PresyncError } from "./errors.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const values = new Map(Array.from(alphabet).map((letter, value) => [letter, value]));

export function encodeBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const letters =
      alphabet.charAt(a >> 2) +
      alphabet.charAt(((a & 3) << 4) | (b >> 4)) +
      alphabet.charAt(((b & 15) << 2) | (c >> 6)) +
      alphabet.charAt(c & 63);
    text += letters.slice(0, Math.min(3, bytes.length - at) + 1);
  }
  return text;
}

export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 === 1)
    throw new PresyncError("malformed", "base64url of an impossible length");
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let buffered = 0;
  let bits = 0;
  let at = 0;
  for (const letter of text) {
    const value = values.get(letter);
    if (value === undefined) throw new PresyncError("malformed", "a character outside base64url");
    buffered = ((buffered << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (buffered >> bits) & 0xff;
  }
  if ((buffered & ((1 << bits) - 1)) !== 0)
    throw new PresyncError("malformed", "base64url with stray bits at its end");
  return bytes;
}
