/**
 * What can be done with one object. Each operation checks the right it needs, refuses what it would otherwise have
 * to ignore, and returns an answer; none touches the socket.
 */
import type { Answer, Call } from "./call.ts";
import { checksumHeaders, createBodyChecks } from "./checksums.ts";
import {
  checkDeleteConditions,
  checkReadConditions,
  checkWriteConditions,
  parseRange,
} from "./conditions.ts";
import { requireRight } from "./credentials.ts";
import { S3Error } from "./errors.ts";
import type { ObjectRecord } from "./object-file.ts";
import { headerOf, queryOf, type S3Request } from "./request.ts";
import { refuseUnsupported } from "./unsupported.ts";

/** Headers of a PUT that S3 keeps and gives back with GET, beside x-amz-meta-*. */
const keptHeaders: readonly string[] = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];

export async function putObject(call: Call): Promise<Answer> {
  const { request, bucket, credential, bodyBytes } = call;
  requireRight(credential, "write");
  if (headerOf(request, "x-amz-copy-source") !== undefined) requireRight(credential, "read");
  refuseUnsupported(request, { headers: checksumHeaders });
  if (headerOf(request, "content-encoding")?.includes("aws-chunked") === true) {
    throw new S3Error("NotImplemented", "Bodies in aws-chunked encoding are not supported.");
  }
  if (bodyBytes === undefined)
    throw new S3Error("MissingContentLength", "A PUT must announce its length.");
  if (bodyBytes > call.objectBytesMax) {
    throw new S3Error("EntityTooLarge", `An object has at most ${call.objectBytesMax} bytes here.`);
  }
  // Refuse early what will be refused anyway; the disk asks again at the moment of the replacement.
  checkWriteConditions(request, bucket.get(request.key));
  const checks = createBodyChecks(request, call.payloadHash);
  call.pace.admit(`${bucket.name}/${request.key}`, call.nowMs);
  const record = await bucket.put({
    key: request.key,
    body: call.body,
    checks,
    headers: headersToKeep(request),
    modifiedMs: call.nowMs,
    condition: (current) => checkWriteConditions(request, current),
  });
  return { status: 200, headers: { ETag: etagOf(record), ...record.checksums } };
}

export function getObject(call: Call): Answer {
  const { request, bucket, credential } = call;
  requireRight(credential, "read");
  refuseUnsupported(request);
  const record = bucket.get(request.key);
  if (record === undefined) {
    requireRight(credential, "list");
    throw new S3Error("NoSuchKey", `There is no object ${request.key}.`);
  }
  const validators = {
    ETag: etagOf(record),
    "Last-Modified": new Date(record.modifiedMs).toUTCString(),
    ...(record.headers["cache-control"] === undefined
      ? {}
      : { "cache-control": record.headers["cache-control"] }),
  };
  if (checkReadConditions(request, record) === "not-modified")
    return { status: 304, headers: validators };
  const range = parseRange(request, record.size);
  const { start, length } = range ?? { start: 0, length: record.size };
  const checksumsWanted =
    (headerOf(request, "x-amz-checksum-mode") ?? queryOf(request, "x-amz-checksum-mode")) ===
    "ENABLED";
  const headers: Record<string, string> = {
    "content-type": "binary/octet-stream",
    ...record.headers,
    ...validators,
    "Accept-Ranges": "bytes",
    "Content-Length": String(length),
    ...(range === undefined
      ? {}
      : { "Content-Range": `bytes ${start}-${start + length - 1}/${record.size}` }),
    // A checksum is of the whole object, so it does not go with a part of it.
    ...(checksumsWanted && range === undefined ? record.checksums : {}),
  };
  const status = range === undefined ? 200 : 206;
  if (request.method === "HEAD" || length === 0) return { status, headers };
  return { status, headers, body: { file: bucket.openBody(request.key), start, length } };
}

export async function deleteObject(call: Call): Promise<Answer> {
  const { request, bucket } = call;
  requireRight(call.credential, "delete");
  refuseUnsupported(request);
  await bucket.delete(request.key, (current) => checkDeleteConditions(request, current));
  return { status: 204, headers: {} };
}

function headersToKeep(request: S3Request): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of request.headers.keys()) {
    const value = headerOf(request, name);
    if (value !== undefined && (keptHeaders.includes(name) || name.startsWith("x-amz-meta-")))
      kept[name] = value;
  }
  return kept;
}

function etagOf(record: ObjectRecord): string {
  return `"${record.md5}"`;
}
