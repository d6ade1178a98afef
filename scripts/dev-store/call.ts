/** What passes between the server and an operation: one authenticated request in, one answer out. */
import type { Credential } from "./credentials.ts";
import type { DiskBucket } from "./object-disk.ts";
import type { S3Request } from "./request.ts";
import type { WritePace } from "./write-pace.ts";

export interface Call {
  readonly request: S3Request;
  readonly bucket: DiskBucket;
  readonly credential: Credential;
  readonly payloadHash: string;
  /** Ends after exactly `bodyBytes`, or throws. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The Content-Length; undefined if none was sent. */
  readonly bodyBytes: number | undefined;
  readonly objectBytesMax: number;
  readonly pace: WritePace;
  readonly nowMs: number;
}

/** Part of an open file; whoever sends the answer closes it. */
interface FileSlice {
  readonly file: number;
  readonly start: number;
  readonly length: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | FileSlice;
}
