/** A store in a directory of its own for one test, with a client that may do everything; both go when it ends. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createBucketClient, type BucketClient } from "./conformance/client.ts";
import { startStore, type Store, type StoreOptions } from "./index.ts";

export interface TestStore {
  readonly store: Store;
  readonly client: BucketClient;
  readonly dir: string;
  /** The files of uploads under way. */
  readonly temporaryFiles: () => Promise<string[]>;
}

export const testBucket = "test-bucket";
export const testKey = { accessKeyId: "test-key", secretAccessKey: "test-secret" };

export async function makeTestDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "presync-store-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export async function startTestStore(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const dir = options.dir ?? (await makeTestDirectory());
  const store = await startStore({
    buckets: [testBucket],
    credentials: [
      { ...testKey, rights: { read: true, write: true, list: true, delete: true, admin: true } },
    ],
    sync: false,
    ...options,
    dir,
  });
  onTestFinished(() => store.close());
  const address = {
    endpoint: store.endpoint,
    region: options.region ?? "us-east-1",
    bucket: testBucket,
  };
  return {
    store,
    client: createBucketClient(address, testKey),
    dir,
    temporaryFiles: () => readdir(join(dir, "buckets", testBucket, "temporary")),
  };
}
