/**
 * Decides whose request this is. A request passes only with exactly one signature, in the query or in the
 * `Authorization` header, that is complete, in time, for this region, by a known key, and covers `host` and every
 * `x-amz-*` header sent. Anything else is refused; there is no anonymous access.
 *
 * The rule about `x-amz-*` headers is what makes a presigned PUT safe to hand out: without it the bearer adds
 * `x-amz-copy-source` or `x-amz-acl` and gets more than was signed. Some stores do not check it.
 */
import { CLOCK_SKEW_MS_MAX, readClaim, type Claim } from "./claim.ts";
import type { Credential } from "./credentials.ts";
import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";
import { signatureMatches, type SigningScope } from "./sigv4.ts";

export interface AuthenticationContext {
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly region: string;
  readonly nowMs: number;
}

export interface Authenticated {
  readonly credential: Credential;
  /** `UNSIGNED-PAYLOAD`, or the SHA-256 in hex that the body must have. */
  readonly payloadHash: string;
}

export function authenticate(request: S3Request, context: AuthenticationContext): Authenticated {
  const claim = readClaim(request);
  const dateMs = parseDateTime(claim.dateTime);
  const { accessKeyId, scope } = parseCredential(claim, context.region);
  const credential = context.credentials.get(accessKeyId);
  if (credential === undefined)
    throw new S3Error("InvalidAccessKeyId", "The access key is not known here.");
  const signedHeaders = checkSignedHeaders(request, claim);
  const { dateTime, payloadHash, signature } = claim;
  const input = { request, signedHeaders, payloadHash, dateTime, scope };
  if (!signatureMatches(input, credential.secretAccessKey, signature)) {
    throw new S3Error(
      "SignatureDoesNotMatch",
      "The signature is not the one this request should have.",
    );
  }
  checkTime(claim, dateMs, context.nowMs);
  return { credential, payloadHash };
}

function parseCredential(
  claim: Claim,
  region: string,
): { accessKeyId: string; scope: SigningScope } {
  const [accessKeyId = "", day = "", claimedRegion, service, terminator, ...rest] =
    claim.credential.split("/");
  const good =
    rest.length === 0 &&
    day === claim.dateTime.slice(0, 8) &&
    claimedRegion === region &&
    service === "s3" &&
    terminator === "aws4_request";
  if (!good) throw malformed(claim, `The scope must be DATE/${region}/s3/aws4_request.`);
  return { accessKeyId, scope: { day, region } };
}

/** The names signed, which must be in order, once each, all sent, and all that matter. */
function checkSignedHeaders(request: S3Request, claim: Claim): string[] {
  const names = claim.signedHeaders.split(";");
  const ascending = names.every((name, at) => at === 0 || (names[at - 1] ?? "") < name);
  if (!ascending || names.some((name) => !/^[a-z0-9-]+$/.test(name))) {
    throw malformed(claim, "The signed headers must be in lower case, in order, once each.");
  }
  if (!names.includes("host")) throw new S3Error("AccessDenied", "The host header must be signed.");
  const absent = names.find((name) => !request.headers.has(name));
  if (absent !== undefined)
    throw new S3Error("AccessDenied", `The header ${absent} was signed but not sent.`);
  for (const name of request.headers.keys()) {
    if (name.startsWith("x-amz-") && !names.includes(name)) {
      throw new S3Error("AccessDenied", `The header ${name} was sent but not signed.`);
    }
  }
  return names;
}

function checkTime(claim: Claim, dateMs: number, nowMs: number): void {
  const code = claim.mechanism === "query" ? "AccessDenied" : "RequestTimeTooSkewed";
  if (dateMs > nowMs + CLOCK_SKEW_MS_MAX) throw new S3Error(code, "The request is not yet valid.");
  if (nowMs > dateMs + claim.lifetimeMs) throw new S3Error(code, "The request has expired.");
}

/** `YYYYMMDDTHHMMSSZ` in milliseconds since 1970; refuses days and times that do not exist. */
function parseDateTime(text: string): number {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const iso =
    match && `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}.000Z`;
  const timeMs = iso ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(timeMs) || new Date(timeMs).toISOString() !== iso) {
    throw new S3Error("AccessDenied", "X-Amz-Date must be YYYYMMDDTHHMMSSZ.");
  }
  return timeMs;
}

function malformed(claim: Claim, message: string): S3Error {
  const inQuery = claim.mechanism === "query";
  return new S3Error(
    inQuery ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed",
    message,
  );
}
