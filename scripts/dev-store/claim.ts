/**
 * What a request says about who signed it and how, read from its query or its `Authorization` header and checked
 * for form only. Whether it is true is decided in authenticate.ts.
 */
import { S3Error } from "./errors.ts";
import { headerOf, type S3Request } from "./request.ts";
import { ALGORITHM } from "./sigv4.ts";

/** S3 allows a presigned URL to live for seven days. */
const EXPIRES_SECONDS_MAX = 604_800;
/** S3 tolerates clocks that differ by fifteen minutes; a signature in a header is good for as long. */
export const CLOCK_SKEW_MS_MAX: number = 15 * 60 * 1000;

/** What a request claims, before any of it is believed. */
export interface Claim {
  readonly mechanism: "query" | "header";
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly dateTime: string;
  readonly payloadHash: string;
  /** How long after its date the request is good. */
  readonly lifetimeMs: number;
}

const queryParameters = [
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-SignedHeaders",
  "X-Amz-Signature",
] as const;

/** Query parameters that belong to the signature and not to the operation. */
export const authenticationParameters: ReadonlySet<string> = new Set([
  ...queryParameters,
  "X-Amz-Content-Sha256",
]);

export function readClaim(request: S3Request): Claim {
  const inQuery = request.query.some(([name]) =>
    (queryParameters as readonly string[]).includes(name),
  );
  const authorization = headerOf(request, "authorization");
  if (inQuery && authorization !== undefined) {
    throw new S3Error("InvalidArgument", "Only one authentication mechanism is allowed.");
  }
  const hasToken =
    request.headers.has("x-amz-security-token") ||
    request.query.some(([name]) => name.toLowerCase() === "x-amz-security-token");
  if (hasToken) throw new S3Error("InvalidToken", "This store knows no temporary credentials.");
  if (inQuery) return readQueryClaim(request);
  if (authorization === undefined)
    throw new S3Error("AccessDenied", "Anonymous access is not allowed.");
  return readHeaderClaim(request, authorization);
}

function readQueryClaim(request: S3Request): Claim {
  const one = (name: string): string => {
    const values = request.query.filter(([each]) => each === name);
    const value = values[0]?.[1];
    if (values.length !== 1 || value === undefined) {
      throw new S3Error("AuthorizationQueryParametersError", `${name} must be given exactly once.`);
    }
    return value;
  };
  if (one("X-Amz-Algorithm") !== ALGORITHM) {
    throw new S3Error("AuthorizationQueryParametersError", `X-Amz-Algorithm must be ${ALGORITHM}.`);
  }
  const expires = one("X-Amz-Expires");
  const seconds = /^[0-9]{1,6}$/.test(expires) ? Number(expires) : 0;
  if (seconds < 1 || seconds > EXPIRES_SECONDS_MAX) {
    throw new S3Error(
      "AuthorizationQueryParametersError",
      `X-Amz-Expires is 1 to ${EXPIRES_SECONDS_MAX}.`,
    );
  }
  // The AWS SDK for JavaScript writes this parameter, always with this value.
  const hashes = request.query.filter(([name]) => name === "X-Amz-Content-Sha256");
  if (hashes.length > 1 || hashes.some(([, value]) => value !== "UNSIGNED-PAYLOAD")) {
    throw new S3Error(
      "AuthorizationQueryParametersError",
      "Send X-Amz-Content-Sha256 as a signed header.",
    );
  }
  return {
    mechanism: "query",
    credential: one("X-Amz-Credential"),
    signedHeaders: one("X-Amz-SignedHeaders"),
    signature: one("X-Amz-Signature"),
    dateTime: one("X-Amz-Date"),
    payloadHash: checkPayloadHash(headerOf(request, "x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD"),
    lifetimeMs: seconds * 1000,
  };
}

function readHeaderClaim(request: S3Request, authorization: string): Claim {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^, ]+), ?SignedHeaders=([^, ]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  const [, credential, signedHeaders, signature] = match ?? [];
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Error(
      "AuthorizationHeaderMalformed",
      "The Authorization header is not a SigV4 one.",
    );
  }
  const payloadHash = headerOf(request, "x-amz-content-sha256");
  if (payloadHash === undefined)
    throw new S3Error("InvalidRequest", "x-amz-content-sha256 is missing.");
  return {
    mechanism: "header",
    credential,
    signedHeaders,
    signature,
    dateTime: headerOf(request, "x-amz-date") ?? "",
    payloadHash: checkPayloadHash(payloadHash),
    lifetimeMs: CLOCK_SKEW_MS_MAX,
  };
}

function checkPayloadHash(payloadHash: string): string {
  if (payloadHash === "UNSIGNED-PAYLOAD" || /^[0-9a-f]{64}$/.test(payloadHash)) return payloadHash;
  if (payloadHash.startsWith("STREAMING-")) {
    throw new S3Error("NotImplemented", "Bodies signed in chunks are not supported.");
  }
  throw new S3Error(
    "InvalidArgument",
    "x-amz-content-sha256 is neither a SHA-256 in hex nor UNSIGNED-PAYLOAD.",
  );
}
