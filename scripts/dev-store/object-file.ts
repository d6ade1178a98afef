/**
 * The form of an object on disk: the body, then a record about it as JSON, then the length of that record and a
 * mark. Body and record are one file, so that one rename replaces both and they can never disagree.
 *
 *     body bytes | record, JSON in UTF-8 | record length, uint32 big-endian | "PSO1"
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export interface ObjectRecord {
  readonly key: string;
  /** Bytes of the body. */
  readonly size: number;
  /** MD5 of the body in hex; the ETag is this in quotes. */
  readonly md5: string;
  readonly modifiedMs: number;
  /** Headers given with the PUT that a GET returns, such as content-type and x-amz-meta-*. */
  readonly headers: Readonly<Record<string, string>>;
  /** The x-amz-checksum-* header given with the PUT. */
  readonly checksums: Readonly<Record<string, string>>;
}

const mark = Buffer.from("PSO1");
const FOOTER_BYTES = 8;
/** Read in one go: keys are at most 1 KiB and headers rarely more, so one read is nearly always enough. */
const TAIL_BYTES = 4096;

/**
 * The file name of a key. A hash has a fixed length and alphabet, so that no key, whatever its dots, slashes or
 * letter case, can name a file outside the bucket or meet another key's file.
 */
export function fileNameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** What is appended to the body. */
export function encodeTrailer(record: ObjectRecord): Buffer {
  const json = Buffer.from(JSON.stringify(record));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([json, length, mark]);
}

/** Reads the record of an object file; throws if the file is not a whole one. */
export function readRecord(path: string): ObjectRecord {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    let tail = readTail(file, size, TAIL_BYTES);
    const footer = tail.subarray(-FOOTER_BYTES);
    if (footer.length < FOOTER_BYTES || !footer.subarray(4).equals(mark)) throw damaged(path);
    const jsonBytes = footer.readUInt32BE(0);
    if (jsonBytes + FOOTER_BYTES > size) throw damaged(path);
    if (jsonBytes + FOOTER_BYTES > tail.length)
      tail = readTail(file, size, jsonBytes + FOOTER_BYTES);
    const json = tail.subarray(tail.length - FOOTER_BYTES - jsonBytes, tail.length - FOOTER_BYTES);
    const record: unknown = JSON.parse(json.toString());
    if (!isRecord(record) || record.size + jsonBytes + FOOTER_BYTES !== size) throw damaged(path);
    return record;
  } finally {
    closeSync(file);
  }
}

function readTail(file: number, size: number, bytes: number): Buffer {
  const tail = Buffer.alloc(Math.min(size, bytes));
  const read = readSync(file, tail, 0, tail.length, size - tail.length);
  return tail.subarray(0, read);
}

function isRecord(value: unknown): value is ObjectRecord {
  if (typeof value !== "object" || value === null) return false;
  const { key, size, md5, modifiedMs, headers, checksums } = value as Record<string, unknown>;
  return (
    typeof key === "string" &&
    typeof size === "number" &&
    typeof md5 === "string" &&
    typeof modifiedMs === "number" &&
    typeof headers === "object" &&
    headers !== null &&
    typeof checksums === "object" &&
    checksums !== null
  );
}

function damaged(path: string): Error {
  return new Error(
    `${path} is not a whole object file; the disk or another program has changed it`,
  );
}
