/**
 * The checks a PUT asks for on its body, computed while the body streams by: Content-MD5, the signed
 * x-amz-content-sha256, and one of x-amz-checksum-sha256, -sha1, -crc32. The MD5 is always computed: it is the ETag.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Error, type S3ErrorCode } from "./errors.ts";
import { headerOf, type S3Request } from "./request.ts";

export interface BodyChecks {
  update(chunk: Uint8Array): void;
  /** Throws the refusal of the first check that fails; returns the MD5 in hex. */
  finish(): string;
  /** The x-amz-checksum-* header given, to be kept with the object and returned when asked for. */
  readonly checksums: Readonly<Record<string, string>>;
}

interface Digest {
  update(chunk: Uint8Array): void;
  digest(): Buffer;
}

/** One thing the body must turn out to be. */
interface Expectation {
  readonly digest: Digest;
  readonly expected: Buffer;
  readonly code: S3ErrorCode;
}

const algorithms: Readonly<
  Record<string, { readonly create: () => Digest; readonly bytes: number }>
> = {
  sha256: { create: () => hashDigest("sha256"), bytes: 32 },
  sha1: { create: () => hashDigest("sha1"), bytes: 20 },
  crc32: { create: crc32Digest, bytes: 4 },
};

/** The headers this module understands, for the list of those the store accepts. */
export const checksumHeaders: readonly string[] = Object.keys(algorithms).map(checksumHeader);

export function createBodyChecks(request: S3Request, payloadHash: string): BodyChecks {
  const md5 = hashDigest("md5");
  const expectations: Expectation[] = [];
  const checksums: Record<string, string> = {};
  for (const [algorithm, { create, bytes }] of Object.entries(algorithms)) {
    const name = checksumHeader(algorithm);
    const value = headerOf(request, name);
    if (value === undefined) continue;
    expectations.push({
      digest: create(),
      expected: base64Of(value, bytes, "InvalidRequest"),
      code: "BadDigest",
    });
    checksums[name] = value;
  }
  if (expectations.length > 1)
    throw new S3Error("InvalidRequest", "Give one x-amz-checksum header only.");
  if (payloadHash !== "UNSIGNED-PAYLOAD") {
    const expected = Buffer.from(payloadHash, "hex");
    expectations.push({
      digest: hashDigest("sha256"),
      expected,
      code: "XAmzContentSHA256Mismatch",
    });
  }
  const contentMd5 = headerOf(request, "content-md5");
  const expectedMd5 =
    contentMd5 === undefined ? undefined : base64Of(contentMd5, 16, "InvalidDigest");
  return {
    checksums,
    update(chunk) {
      md5.update(chunk);
      for (const { digest } of expectations) digest.update(chunk);
    },
    finish() {
      const actualMd5 = md5.digest();
      if (expectedMd5 !== undefined && !actualMd5.equals(expectedMd5)) throw mismatch("BadDigest");
      for (const { digest, expected, code } of expectations) {
        if (!digest.digest().equals(expected)) throw mismatch(code);
      }
      return actualMd5.toString("hex");
    },
  };
}

function checksumHeader(algorithm: string): string {
  return `x-amz-checksum-${algorithm}`;
}

function hashDigest(algorithm: string): Digest {
  const hash = createHash(algorithm);
  return {
    update(chunk) {
      hash.update(chunk);
    },
    digest: () => hash.digest(),
  };
}

function crc32Digest(): Digest {
  let value = 0;
  return {
    update(chunk) {
      value = crc32(chunk, value);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    },
  };
}

function base64Of(text: string, bytes: number, code: S3ErrorCode): Buffer {
  const decoded = Buffer.from(text, "base64");
  if (decoded.length !== bytes || decoded.toString("base64") !== text) {
    throw new S3Error(code, `A checksum must be ${bytes} bytes in base64.`);
  }
  return decoded;
}

function mismatch(code: S3ErrorCode): S3Error {
  return new S3Error(code, "The body is not the one the request announced.");
}
