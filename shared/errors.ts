/**
 * The one error of presync. Errors cross a MessagePort as plain data, so callers compare `code`, never the
 * message and never `instanceof`. A message may carry an object key, never a URL: URLs here are signed.
 */

/** Every code there is, with what it means to the one who catches it. */
export type ErrorCode =
  /** Bytes that are not what they should be: wrong magic, length, hash, or structure. */
  | "malformed"
  /** A format or protocol version this build does not know. */
  | "unsupported-version"
  /** A named limit was exceeded; the limit stands in the message. */
  | "too-large"
  /** The caller passed something that can never work: a bad name, a bad key, a bad option. */
  | "invalid-argument"
  /** The network gave no answer, and the request has had no effect (a GET). */
  | "unreachable"
  /** A PUT got no answer: it may or may not have taken effect, or may yet. */
  | "outcome-unknown"
  /** 403, or an unreadable failure on a URL near its expiry: a new grant is needed. */
  | "expired"
  /** The store or the service refuses this, now and later. */
  | "denied"
  /** 409, 429, 503: the same request may be made again after a pause. */
  | "retry"
  /** 412: a condition on the request did not hold. */
  | "conflict"
  /** The user's part of the bucket is full: reading goes on, and so does working on this device. */
  | "quota"
  /** This replica was retired: its user has another one, or gets another one by signing in again. */
  | "retired"
  /** Any other answer of the store or the service. */
  | "unexpected-answer"
  /** Nobody said where the service is, so nobody can sign in. */
  | "no-service"
  /** The session is missing, malformed, expired or revoked: sign in again. */
  | "unauthenticated"
  /** Work would be lost that the store does not have yet; say `discardUnsaved` to lose it. */
  | "unsaved"
  /** The device's disk is full (QuotaExceededError). */
  | "disk-full"
  /** IndexedDB failed in another way. */
  | "disk-failed"
  /** A newer incarnation of this replica has taken over: this one must stop. */
  | "superseded"
  /** Another device's clock is minutes ahead of this one's: one of the two is wrong. Nothing depends on it. */
  | "clock-drift"
  /** The tab and the worker come from builds that do not understand each other. */
  | "version-mismatch"
  /** The worker could not be registered or does not answer. */
  | "worker-unavailable"
  /** The thing was closed while the call was under way. */
  | "closed"
  /** A mistake in presync itself. */
  | "internal";

/** Nobody's fault, and over by itself: the same call may succeed later without anybody doing anything. */
export const noAnswerCodes: ReadonlySet<ErrorCode> = new Set([
  "unreachable",
  "outcome-unknown",
  "retry",
]);

/** The shape an error has on the wire. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  /** The object key or document it is about. */
  readonly key?: string;
}

export class PresyncError extends Error implements ErrorData {
  override readonly name = "PresyncError";
  readonly code: ErrorCode;
  readonly key?: string;

  constructor(code: ErrorCode, message: string, options: { key?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.key !== undefined) this.key = options.key;
  }

  /** Whether the same call may succeed later without anybody doing anything. */
  get retryable(): boolean {
    return noAnswerCodes.has(this.code);
  }
}

/** Any thrown value as plain data; what is not ours is `internal`, without its message's details being trusted. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof PresyncError) {
    const { code, message, key } = error;
    return key === undefined ? { code, message } : { code, message, key };
  }
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

export function fromErrorData(data: ErrorData): PresyncError {
  return new PresyncError(data.code, data.message, data.key === undefined ? {} : { key: data.key });
}
