/**
 * The bucket as this project asks for it: one user who owns it, one who may only write objects, one who may only
 * read and list them, and CORS for the pages that use it. On any other store the same is set up by hand.
 */
import { createHash } from "node:crypto";
import {
  createBucketClient,
  type AccessKey,
  type BucketAddress,
  type ToSign,
} from "../dev-store/conformance/client.ts";
import { defaultExposeHeaders } from "../dev-store/cors.ts";
import { corsXml } from "../dev-store/cors-xml.ts";

export interface BucketUsers {
  /** The user ids, as the store knows them. */
  readonly owner: string;
  readonly reader: string;
  readonly writer: string;
}

export async function setUpBucket(
  address: BucketAddress,
  owner: AccessKey,
  users: BucketUsers,
  origins: readonly string[],
): Promise<void> {
  const client = createBucketClient(address, owner);
  const put = async (toSign: ToSign, body: string): Promise<void> => {
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    const answer = await client.callWithHeader({ ...toSign, method: "PUT", headers }, body);
    if (answer.status >= 300) {
      const what = Object.keys(toSign.query ?? {}).join() || "bucket";
      throw new Error(`setting up ${what} failed with ${answer.status}: ${answer.text}`);
    }
  };
  await put({}, "");
  await put({ query: { policy: "" } }, JSON.stringify(bucketPolicy(address.bucket, users)));
  await put(
    { query: { cors: "" } },
    corsXml([
      {
        allowedOrigins: origins,
        allowedMethods: ["GET", "HEAD", "PUT", "DELETE"],
        allowedHeaders: ["*"],
        exposeHeaders: defaultExposeHeaders,
        maxAgeSeconds: 600,
      },
    ]),
  );
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

function bucketPolicy(bucket: string, { owner, reader, writer }: BucketUsers): unknown {
  const objects = `arn:aws:s3:::${bucket}/*`;
  const forbidden = ["s3:GetObject", "s3:GetObjectAcl", "s3:PutObjectAcl", "s3:DeleteObject"];
  return {
    Version: "2012-10-17",
    Statement: [
      // The owner of a bucket is not the owner of the objects that others write into it.
      statement("Allow", owner, ["s3:*"], objects),
      statement("Allow", writer, ["s3:PutObject"], objects),
      // Ceph makes whoever writes an object its owner, and an owner may read: without this the writer could read
      // all there is, by `x-amz-copy-source` too.
      statement("Deny", writer, forbidden, objects),
      ...accessHeaders.map((name) => ({
        ...statement("Deny", writer, ["s3:PutObject"], objects),
        Condition: { StringLike: { [`s3:x-amz-${name}`]: "?*" } },
      })),
      statement("Allow", reader, ["s3:GetObject"], objects),
      // Without the right to list, a missing object answers 403 and looks like an expired URL.
      statement("Allow", reader, ["s3:ListBucket"], `arn:aws:s3:::${bucket}`),
    ],
  };
}

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal: { readonly AWS: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
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
