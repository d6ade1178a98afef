/**
 * The bucket under test, and what it is known to be strict about. A flag is false only where a real store has been
 * seen to differ; the tests behind it are then skipped, so that the flags are the list of differences.
 */
import type { AccessKey, BucketAddress, BucketClient } from "./client.ts";

export interface Strictness {
  /** Refuses an `x-amz-*` header that was sent and not signed. */
  readonly unsignedAmzHeaders: boolean;
  /** Refuses a signature for another region or service. */
  readonly scope: boolean;
  /** Refuses a signature dated more than fifteen minutes ahead. */
  readonly futureDates: boolean;
  /** Refuses a signature that does not cover the host. */
  readonly signedHost: boolean;
  /** Refuses a signature in the query and one in the header at once. */
  readonly oneMechanism: boolean;
  /** Refuses a parameter of the signature that is given twice with the same value. */
  readonly repeatedParameters: boolean;
  /** Puts CORS headers on 403. */
  readonly corsOnRefusals: boolean;
  /** Sends the ETag with 304, as RFC 9110 asks. */
  readonly etagOn304: boolean;
  /** Takes the ETag of If-Match on PUT in quotes, as it was given out. */
  readonly putIfMatch: boolean;
  /** Honours If-Match on DELETE. */
  readonly deleteIfMatch: boolean;
  /** Verifies and keeps x-amz-checksum-*. */
  readonly checksums: boolean;
}

export interface BucketUnderTest extends BucketAddress {
  /** May do everything. */
  readonly admin: AccessKey;
  /** GET, HEAD and LIST only. */
  readonly reader: AccessKey;
  /** PUT only. */
  readonly writer: AccessKey;
  /** The one origin that the CORS rules of the bucket allow. */
  readonly origin: string;
  close(): Promise<void>;
}

/** What a group of tests works with; filled before the first test runs. */
export interface Bench extends BucketAddress {
  readonly admin: BucketClient;
  readonly reader: BucketClient;
  readonly writer: BucketClient;
  readonly origin: string;
  /** A key that no other test uses. */
  readonly freshKey: (name?: string) => string;
}
