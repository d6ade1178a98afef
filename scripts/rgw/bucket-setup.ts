/**
 * The bucket as this project asks for it: one user who owns it, one who may only write objects, one who may only
 * read and list them, and CORS for the pages that use it. On any other store the same is set up by hand.
 */
import {
  createBucketClient,
  putConfiguration,
  type AccessKey,
  type BucketAddress,
} from "../dev-store/conformance/client.ts";
import { defaultExposeHeaders } from "../dev-store/cors.ts";
import { corsXml } from "../dev-store/cors-xml.ts";
import { bucketPolicy, type BucketUsers } from "../doctor/bucket-policy.ts";

export async function setUpBucket(
  address: BucketAddress,
  owner: AccessKey,
  users: BucketUsers,
  origins: readonly string[],
): Promise<void> {
  const client = createBucketClient(address, owner);
  const put = async (name: string | undefined, body: string): Promise<void> => {
    const answer = await putConfiguration(client, name, body);
    if (answer.status >= 300)
      throw new Error(
        `setting up ${name ?? "bucket"} failed with ${answer.status}: ${answer.text}`,
      );
  };
  await put(undefined, "");
  await put("policy", JSON.stringify(bucketPolicy(address.bucket, users)));
  await put(
    "cors",
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
