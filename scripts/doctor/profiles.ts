/**
 * What is known of stores, by their own documentation. It only words the advice and says what to expect: what a
 * bucket really does is always asked of the bucket.
 */
import { grantSecondsMaxDefault } from "../../service/faults.ts";

export const storeNames = ["s3", "r2", "tigris", "gcs", "b2", "minio", "garage", "ceph"] as const;

export type StoreName = (typeof storeNames)[number];

export interface Profile {
  readonly title: string;
  /** The longest life of a signed URL. */
  readonly grantSecondsMax: number;
  /** Between two writes of one key; 0 where there is no such rule. */
  readonly writeIntervalMs: number;
  /** Whether a PUT with `If-None-Match: *` is refused where there is an object. */
  readonly createIfAbsent: "yes" | "no" | "unknown";
  /** Which policy can be pasted: one for each key, one for the bucket, or none, as there are only roles. */
  readonly policy: "user-policies" | "bucket-policy" | "none";
  /** The JSON in which it takes CORS rules. */
  readonly cors: "s3" | "gcs";
  /** How keys are made there. */
  readonly keys: string;
}

/** Tigris lets a signed URL live for ninety days. */
const ninetyDaysSeconds = 7_776_000;

const common = {
  grantSecondsMax: grantSecondsMaxDefault,
  writeIntervalMs: 0,
  createIfAbsent: "unknown",
  policy: "none",
  cors: "s3",
} as const;

const profiles: Readonly<Record<StoreName, Profile>> = {
  s3: {
    ...common,
    title: "Amazon S3",
    createIfAbsent: "yes",
    policy: "user-policies",
    keys: "Make three IAM users, attach one of the policies to each, and give each an access key.",
  },
  r2: {
    ...common,
    title: "Cloudflare R2",
    writeIntervalMs: 1000,
    createIfAbsent: "yes",
    keys:
      "Make R2 API tokens for this bucket alone: `Object Read only` for reading, `Object Read & Write` for the " +
      "other two. R2 has no token that can only write.",
  },
  tigris: {
    ...common,
    title: "Tigris",
    grantSecondsMax: ninetyDaysSeconds,
    createIfAbsent: "yes",
    policy: "user-policies",
    keys: "Make three access keys without a role, and attach one of the policies to each.",
  },
  gcs: {
    ...common,
    title: "Google Cloud Storage",
    writeIntervalMs: 1000,
    createIfAbsent: "no",
    cors: "gcs",
    keys:
      "Make three service accounts with an HMAC key each. Writing takes storage.objects.create and, to overwrite, " +
      "storage.objects.delete; reading storage.objects.get and storage.objects.list.",
  },
  b2: {
    ...common,
    title: "Backblaze B2",
    keys:
      "Make three application keys for this bucket: writeFiles for writing, readFiles and listFiles for reading, " +
      "all three for the service.",
  },
  minio: {
    ...common,
    title: "MinIO",
    createIfAbsent: "yes",
    policy: "user-policies",
    keys: "Make three users with `mc admin user add`, and give each its policy with `mc admin policy`.",
  },
  garage: {
    ...common,
    title: "Garage",
    keys:
      "Make three keys with `garage key create`, then `garage bucket allow` with --write for writing, --read for " +
      "reading, and both for the service.",
  },
  ceph: {
    ...common,
    title: "Ceph",
    createIfAbsent: "yes",
    policy: "bucket-policy",
    keys:
      "Make three users with `radosgw-admin user create`; the service's is the bucket's owner, and the bucket's " +
      "policy says what the others may. For writing make a subuser with `radosgw-admin subuser create --access=write`, " +
      "and take a key of that: the user itself owns what it writes, and can copy from there whatever the policy says.",
  },
};

const unknownStore: Profile = {
  ...common,
  title: "a store this version does not know",
  policy: "user-policies",
  keys: "Make three keys with the rights that docs/bucket.md names.",
};

const hostPatterns: readonly (readonly [RegExp, StoreName])[] = [
  [/(^|\.)amazonaws\.com(\.cn)?$/, "s3"],
  [/\.r2\.cloudflarestorage\.com$/, "r2"],
  [/(^|\.)(tigris\.dev|t3\.storage\.dev|storage\.dev)$/, "tigris"],
  [/(^|\.)storage\.googleapis\.com$/, "gcs"],
  [/\.backblazeb2\.com$/, "b2"],
];

/** The store as named, or as the endpoint's host tells; a store of one's own has a host that tells nothing. */
export function profileOf(endpoint: string, name?: StoreName): Profile {
  const { hostname } = new URL(endpoint);
  const guessed = name ?? hostPatterns.find(([pattern]) => pattern.test(hostname))?.[1];
  return guessed === undefined ? unknownStore : profiles[guessed];
}
