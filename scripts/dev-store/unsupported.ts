/**
 * S3 has many more headers and parameters than this store. One that is signed and not understood would silently
 * do nothing here and something in production, so it is refused.
 */
import { authenticationParameters } from "./claim.ts";
import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";

/** The x-amz-* headers and parameters whose meaning the store honours, or that ask for nothing. */
const knownAmzNames: ReadonlySet<string> = new Set([
  "x-amz-checksum-mode",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-sdk-checksum-algorithm",
  "x-amz-user-agent",
]);

export interface Understood {
  /** Query parameters beside those of the signature. */
  readonly parameters?: ReadonlySet<string>;
  /** Headers that start with `x-amz-`. */
  readonly headers?: readonly string[];
}

/** Throws NotImplemented for the first header or parameter that an operation does not understand. */
export function refuseUnsupported(request: S3Request, understood: Understood = {}): void {
  for (const name of request.headers.keys()) {
    const known =
      knownAmzNames.has(name) ||
      name.startsWith("x-amz-meta-") ||
      understood.headers?.includes(name) === true;
    if (name.startsWith("x-amz-") && !known) throw notImplemented("header", name);
  }
  for (const [name] of request.query) {
    // The AWS SDKs name the operation in x-id; it means nothing to the store.
    const known =
      name === "x-id" ||
      authenticationParameters.has(name) ||
      knownAmzNames.has(name) ||
      understood.parameters?.has(name) === true;
    if (!known) throw notImplemented("parameter", name);
  }
}

function notImplemented(kind: string, name: string): S3Error {
  return new S3Error("NotImplemented", `This store does not support the ${kind} ${name}.`);
}
