/**
 * The bucket conformance suite: what this project relies on in an object store, as tests. The same suite runs
 * against the embedded store and against Ceph, so that neither the tests nor the store can be wrong alone.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe } from "vitest";
import { createBucketClient } from "./conformance/client.ts";
import { describeConditions } from "./conformance/conditions.ts";
import { describeCors } from "./conformance/cors.ts";
import { describeListing } from "./conformance/listing.ts";
import { describeObjects } from "./conformance/objects.ts";
import { describeRights } from "./conformance/rights.ts";
import { describeSignatures } from "./conformance/signatures.ts";
import type { Bench, BucketUnderTest, Strictness } from "./conformance/target.ts";

export interface ConformanceOptions {
  readonly name: string;
  readonly strict: Strictness;
  start(): Promise<BucketUnderTest>;
  /** How long `start` and `close` may take. */
  readonly startTimeoutMs?: number;
  /** How long one test may take. */
  readonly testTimeoutMs?: number;
}

export function describeBucket(options: ConformanceOptions): void {
  const { name, strict, startTimeoutMs = 10_000, testTimeoutMs = 20_000 } = options;
  describe(`bucket conformance of ${name}`, { timeout: testTimeoutMs }, () => {
    let target: BucketUnderTest | undefined;
    let bench: Bench | undefined;
    beforeAll(async () => {
      target = await options.start();
      bench = createBench(target);
    }, startTimeoutMs);
    afterAll(async () => {
      await target?.close();
    }, startTimeoutMs);
    const getBench = (): Bench => {
      if (bench === undefined) throw new Error("the bucket has not been started");
      return bench;
    };
    describeSignatures(getBench, strict);
    describeRights(getBench);
    describeObjects(getBench, strict);
    describeListing(getBench);
    describeConditions(getBench, strict);
    describeCors(getBench, strict);
  });
}

function createBench(target: BucketUnderTest): Bench {
  const { endpoint, region, bucket, origin } = target;
  // A bucket that outlives the run must not show one run the keys of another.
  const run = randomUUID().slice(0, 8);
  let keys = 0;
  return {
    endpoint,
    region,
    bucket,
    origin,
    admin: createBucketClient(target, target.admin),
    reader: createBucketClient(target, target.reader),
    writer: createBucketClient(target, target.writer),
    freshKey: (name = "key") => `conformance/${run}/${++keys}/${name}`,
  };
}
