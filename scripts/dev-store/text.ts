/**
 * How S3 writes and orders text: RFC 3986 percent-encoding, and keys in the order of their UTF-8 bytes.
 */
import { S3Error } from "./errors.ts";

/** Percent-encodes everything but the unreserved characters of RFC 3986, as SigV4 asks. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Decodes percent-encoding; refuses what is not well-formed UTF-8. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error("InvalidURI", "The address is not valid percent-encoded UTF-8.");
  }
}

/**
 * Orders strings as their UTF-8 bytes, which is the order of an S3 listing. JavaScript compares UTF-16 units, and
 * that differs only where surrogates meet U+E000 to U+FFFF, so units are moved to their place before comparing.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

function utf8Rank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}
