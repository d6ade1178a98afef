/** Keys of the store the benchmarks run on: on loopback, and gone when they end. */
import type { Credential } from "../../scripts/dev-store/index.ts";

export const storeBucket = "bench";
export const storeRegion = "us-east-1";

export const readKey: Credential = {
  accessKeyId: "bench-read",
  secretAccessKey: "bench-read-secret",
  rights: { read: true, list: true },
};

/** The service's own. */
export const adminKey: Credential = {
  accessKeyId: "bench-admin",
  secretAccessKey: "bench-admin-secret",
  rights: { read: true, write: true, list: true },
};

export const writeKey: Credential = {
  accessKeyId: "bench-write",
  secretAccessKey: "bench-write-secret",
  rights: { write: true },
};
