/**
 * The refusals of the embedded store, as S3 names them. The code is what a client may depend on; the message is
 * for the person reading it and carries at most an object key, never a URL, because URLs here are signed.
 */
import { escapeXml } from "./xml.ts";

/** Every code the store answers with, and its HTTP status (the "List of error codes" page of the S3 API). */
const statusByCode = {
  AccessDenied: 403,
  /** A preflight that no CORS rule allows. */
  AccessForbidden: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  EntityTooLarge: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidDigest: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchCORSConfiguration: 404,
  NoSuchKey: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  /** S3 itself says 503; R2 and GCS say 429 for too many writes to one key, and that is what this code is for. */
  SlowDown: 429,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3ErrorCode = keyof typeof statusByCode;

export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: S3ErrorCode;
  readonly status: number;
  /** Headers the answer must carry beside the body, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: S3ErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = statusByCode[code];
    this.headers = headers;
  }
}

/** The error document of S3. */
export function errorXml(code: S3ErrorCode, message: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`
  );
}
