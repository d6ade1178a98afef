/**
 * One HTTP request taken apart the way S3 sees it: bucket, key, query and headers, with nothing merged away.
 * Node drops repeated headers such as `host` and `authorization`; here they are read from the raw list, so that a
 * repeated one is refused and can never be verified in one form and used in another.
 */
import { S3Error } from "./errors.ts";
import { decodePercent } from "./text.ts";

export interface S3Request {
  readonly method: string;
  /** The path as it was sent, still encoded: `/bucket/key`. */
  readonly rawPath: string;
  readonly bucket: string;
  /** Empty for a request about the bucket itself. */
  readonly key: string;
  /** Decoded, in the order sent, repetitions kept. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Names in lower case; values in the order sent. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** S3 limits a key to 1024 bytes of UTF-8. */
const KEY_BYTES_MAX = 1024;

/** Headers that decide who asks for what. Two of one kind have no single meaning, so they are refused. */
const singleHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "host",
  "origin",
  "range",
]);

export function parseRequest(
  method: string,
  target: string,
  rawHeaders: readonly string[],
): S3Request {
  const { rawPath, rawQuery } = splitTarget(target);
  const segments = rawPath.split("/").slice(1);
  if (!rawPath.startsWith("/")) throw new S3Error("InvalidURI", "The address must be a path.");
  // An encoded slash would give one key two spellings, and each spelling another signature.
  if (/%2f/i.test(rawPath))
    throw new S3Error("InvalidURI", "A slash in a key is written as a slash.");
  const [bucket = "", ...keySegments] = segments.map(decodePercent);
  const key = keySegments.join("/");
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new S3Error("KeyTooLongError", `A key has at most ${KEY_BYTES_MAX} bytes.`);
  }
  return {
    method,
    rawPath,
    bucket,
    key,
    query: parseQuery(rawQuery),
    headers: parseHeaders(rawHeaders),
  };
}

/** What a target names, as far as it can be read: even a request that makes no sense is counted and gets CORS headers. */
export function addressOf(target: string): { readonly bucket: string; readonly key: string } {
  try {
    const [, bucket = "", ...keySegments] = splitTarget(target)
      .rawPath.split("/")
      .map(decodePercent);
    return { bucket, key: keySegments.join("/") };
  } catch {
    return { bucket: "", key: "" };
  }
}

/** The values of one header as one, joined by commas as HTTP allows; undefined when it was not sent. */
export function headerOf(request: S3Request, name: string): string | undefined {
  return request.headers.get(name)?.join(",");
}

/** The value of a query parameter that may be there at most once. */
export function queryOf(request: S3Request, name: string): string | undefined {
  const values = request.query.filter(([each]) => each === name);
  if (values.length > 1) throw new S3Error("InvalidArgument", `${name} may be given only once.`);
  return values[0]?.[1];
}

function splitTarget(target: string): { rawPath: string; rawQuery: string } {
  const mark = target.indexOf("?");
  return mark < 0
    ? { rawPath: target, rawQuery: "" }
    : { rawPath: target.slice(0, mark), rawQuery: target.slice(mark + 1) };
}

function parseQuery(rawQuery: string): (readonly [string, string])[] {
  return rawQuery
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      // URLSearchParams writes a space as a plus sign, and signers count it as a space.
      const text = pair.replaceAll("+", "%20");
      const mark = text.indexOf("=");
      return mark < 0
        ? ([decodePercent(text), ""] as const)
        : ([decodePercent(text.slice(0, mark)), decodePercent(text.slice(mark + 1))] as const);
    });
}

function parseHeaders(rawHeaders: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    const value = rawHeaders[at + 1] ?? "";
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else if (singleHeaders.has(name) || name.startsWith("x-amz-")) {
      throw new S3Error("InvalidRequest", `The header ${name} may be sent only once.`);
    } else values.push(value);
  }
  return headers;
}
