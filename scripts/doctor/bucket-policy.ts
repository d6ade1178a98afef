/**
 * Who may do what in the bucket, as the policies that stores take. `presync doctor` prints them, and the bucket that
 * the conformance suite is run against on Ceph is set up with them.
 */
import type { KeyRole } from "./check.ts";

/** User ids, as the store knows them. */
export interface BucketUsers {
  readonly owner: string;
  readonly reader: string;
  readonly writer: string;
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: { readonly AWS: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The headers with which the bearer of a presigned PUT would give others access to the object. */
const accessHeaders = [
  "acl",
  "grant-read",
  "grant-write",
  "grant-read-acp",
  "grant-write-acp",
  "grant-full-control",
];

/** One policy for the bucket, for stores that know whom it is for by user id. */
export function bucketPolicy(
  bucket: string,
  { owner, reader, writer }: BucketUsers,
): PolicyDocument {
  const objects = `arn:aws:s3:::${bucket}/*`;
  const forbidden = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectAcl",
    "s3:PutObjectAcl",
    "s3:DeleteObject",
  ];
  return policy([
    // The owner of a bucket is not the owner of the objects that others write into it.
    statement("Allow", owner, ["s3:*"], objects),
    statement("Allow", writer, ["s3:PutObject"], objects),
    // Ceph makes whoever writes an object its owner, and an owner may read: without this the writer could read
    // all there is, by `x-amz-copy-source` too. It does not ask the policy whenever it copies: so the key has to be a
    // subuser's that may only write, as well.
    statement("Deny", writer, forbidden, objects),
    ...accessHeaders.map((name) => ({
      ...statement("Deny", writer, ["s3:PutObject"], objects),
      Condition: { StringLike: { [`s3:x-amz-${name}`]: "?*" } },
    })),
    statement("Allow", reader, ["s3:GetObject"], objects),
    // Without the right to list, a missing object answers 403 and looks like an expired URL.
    statement("Allow", reader, ["s3:ListBucket"], `arn:aws:s3:::${bucket}`),
  ]);
}

/** One policy for each key, for stores that attach them to the user or the key itself. */
export function userPolicies(bucket: string): Readonly<Record<KeyRole, PolicyDocument>> {
  const allow = (actions: readonly string[], resource: string): Statement => ({
    Effect: "Allow",
    Action: actions,
    Resource: [`arn:aws:s3:::${bucket}${resource}`],
  });
  // Listing is not narrowed to a prefix: asked for one missing object, S3 cannot match that to a prefix, and says 403.
  const list = allow(["s3:ListBucket"], "");
  return {
    write: policy([allow(["s3:PutObject"], "/*")]),
    read: policy([allow(["s3:GetObject"], "/*"), list]),
    admin: policy([
      allow(["s3:GetObject", "s3:PutObject"], "/@service/*"),
      // Also what is the users': they may remove a device, and everything.
      allow(["s3:DeleteObject"], "/*"),
      list,
    ]),
  };
}

function policy(statements: readonly Statement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}

function statement(
  effect: "Allow" | "Deny",
  user: string,
  actions: readonly string[],
  resource: string,
): Statement {
  return {
    Effect: effect,
    Principal: { AWS: [`arn:aws:iam:::user/${user}`] },
    Action: actions,
    Resource: [resource],
  };
}
