/**
 * Conditional requests (RFC 9110 section 13, as S3 narrows it) and byte ranges. Pure: a function says whether a
 * request may go on, from its headers and the object there is now.
 */
import { S3Error } from "./errors.ts";
import { headerOf, type S3Request } from "./request.ts";

/** What conditions look at. */
export interface Validators {
  /** MD5 in hex; the ETag is this in quotes. */
  readonly md5: string;
  readonly modifiedMs: number;
  readonly size: number;
}

/** For GET and HEAD. "not-modified" means 304; a condition that fails otherwise throws 412. */
export function checkReadConditions(
  request: S3Request,
  object: Validators,
): "send" | "not-modified" {
  const ifMatch = headerOf(request, "if-match");
  const ifUnmodifiedSince = parseHttpDate(headerOf(request, "if-unmodified-since"));
  const ifNoneMatch = headerOf(request, "if-none-match");
  const ifModifiedSince = parseHttpDate(headerOf(request, "if-modified-since"));
  // HTTP dates count in seconds, so the part below a second does not make an object newer.
  const modifiedMs = Math.floor(object.modifiedMs / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!etagListed(ifMatch, object)) throw preconditionFailed();
  } else if (ifUnmodifiedSince !== undefined && modifiedMs > ifUnmodifiedSince) {
    throw preconditionFailed();
  }
  if (ifNoneMatch !== undefined) return etagListed(ifNoneMatch, object) ? "not-modified" : "send";
  return ifModifiedSince !== undefined && modifiedMs <= ifModifiedSince ? "not-modified" : "send";
}

/** For PUT. The caller must call it in the same turn in which the object is replaced. */
export function checkWriteConditions(request: S3Request, current: Validators | undefined): void {
  const ifNoneMatch = headerOf(request, "if-none-match");
  const ifMatch = headerOf(request, "if-match");
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new S3Error("NotImplemented", "A PUT takes no other If-None-Match than *.");
  }
  if (ifNoneMatch === "*" && current !== undefined) throw preconditionFailed();
  if (ifMatch === undefined) return;
  if (current === undefined)
    throw new S3Error("NoSuchKey", "If-Match was given and there is no object.");
  if (!etagListed(ifMatch, current)) throw preconditionFailed();
}

/** For DELETE: If-Match must hold, and does not for an object that is not there. */
export function checkDeleteConditions(request: S3Request, current: Validators | undefined): void {
  const ifMatch = headerOf(request, "if-match");
  if (ifMatch === undefined) return;
  if (current === undefined || !etagListed(ifMatch, current)) throw preconditionFailed();
}

export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

/**
 * The one range asked for, or undefined for the whole object. A header that is no single byte range is ignored,
 * as RFC 9110 section 14.2 allows; a range outside the object is 416.
 */
export function parseRange(request: S3Request, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headerOf(request, "range") ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(first) > Number(last)) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  if (start >= end) {
    throw new S3Error("InvalidRange", "The range lies outside the object.", {
      "Content-Range": `bytes */${size}`,
    });
  }
  return { start, length: end - start };
}

/** Quotes are optional: Ceph wants the ETag of If-Match without, S3 takes it either way. */
function etagListed(list: string, { md5 }: Validators): boolean {
  if (list.trim() === "*") return true;
  return list.split(",").some((item) => {
    const etag = item.trim().replace(/^W\//, "");
    return etag === md5 || etag === `"${md5}"`;
  });
}

function parseHttpDate(text: string | undefined): number | undefined {
  const timeMs = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

function preconditionFailed(): S3Error {
  return new S3Error("PreconditionFailed", "A condition of the request does not hold.");
}
