/**
 * The arithmetic of AWS Signature Version 4 for S3: canonical request, string to sign, signature. Pure functions;
 * who may do what, and when, is decided in authenticate.ts.
 * Source: "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
 * Parameters" of the S3 API reference.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { S3Request } from "./request.ts";
import { decodePercent, encodeRfc3986 } from "./text.ts";

export const ALGORITHM = "AWS4-HMAC-SHA256";

/** The part of a credential after the access key: what a signing key is derived for. */
export interface SigningScope {
  readonly day: string;
  readonly region: string;
}

export interface SignatureInput {
  readonly request: S3Request;
  /** Lower case, ascending. */
  readonly signedHeaders: readonly string[];
  /** The last line of the canonical request: a hash in hex, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
  /** `YYYYMMDDTHHMMSSZ`, as sent. */
  readonly dateTime: string;
  readonly scope: SigningScope;
}

/** True if `signature` (hex) is the one the secret gives. Takes the same time wherever the two differ. */
export function signatureMatches(
  input: SignatureInput,
  secret: string,
  signature: string,
): boolean {
  const expected = computeSignature(input, secret);
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function computeSignature(input: SignatureInput, secret: string): Buffer {
  const { day, region } = input.scope;
  const stringToSign = [
    ALGORITHM,
    input.dateTime,
    `${day}/${region}/s3/aws4_request`,
    createHash("sha256").update(canonicalRequest(input)).digest("hex"),
  ].join("\n");
  const dayKey = hmac(`AWS4${secret}`, day);
  const signingKey = hmac(hmac(hmac(dayKey, region), "s3"), "aws4_request");
  return hmac(signingKey, stringToSign);
}

function canonicalRequest({ request, signedHeaders, payloadHash }: SignatureInput): string {
  const path = request.rawPath
    .split("/")
    .map((segment) => encodeRfc3986(decodePercent(segment)))
    .join("/");
  const query = request.query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .toSorted(
      ([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const headers = signedHeaders
    .map((name) => `${name}:${canonicalHeaderValue(request, name)}\n`)
    .join("");
  return [request.method, path, query, headers, signedHeaders.join(";"), payloadHash].join("\n");
}

function canonicalHeaderValue(request: S3Request, name: string): string {
  return (request.headers.get(name) ?? [])
    .map((value) => value.trim().replaceAll(/\s+/g, " "))
    .join(",");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** Both sides are ASCII after encoding, so the order of UTF-16 units is the order of bytes. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
