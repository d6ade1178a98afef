/** What a change of grants does to requests that are under way. */
import { afterEach, expect, test } from "vitest";
import { createDeferred } from "../../shared/deferred.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { Todos } from "../testing/test-device.ts";
import { closeDevices, startDevice } from "../testing/test-device.ts";
import { headsOf } from "./documents.ts";
import { MemoryStore } from "./memory-world.ts";
import type { Bucket } from "./world.ts";

/** A device writes no more often than its store allows. */
const patience = { timeout: 10_000 };

afterEach(closeDevices);

/** A grant that has expired: the store takes its time to say so. */
function createExpiring(bucket: Bucket): {
  readonly bucket: Bucket;
  readonly asked: ReadonlySet<"get" | "put">;
  answer(): void;
} {
  const asked = new Set<"get" | "put">();
  const answers = createDeferred<never>();
  answers.promise.catch(() => undefined);
  const ask = (what: "get" | "put"): Promise<never> => {
    asked.add(what);
    return answers.promise;
  };
  return {
    bucket: { ...bucket, get: () => ask("get"), put: () => ask("put") },
    asked,
    answer: () => answers.reject(new PresyncError("expired", "the signed URL has expired")),
  };
}

test("what is refused under the former grant says nothing about the new one", async () => {
  const device = await startDevice(new MemoryStore(), 0);
  const handle = device.engine.repo.create<Todos>({ items: [] });
  await device.engine.inBucket(handle.documentId, headsOf(handle));
  const former = createExpiring(device.bucket);
  device.engine.use(former.bucket);
  device.engine.hint();
  handle.change((doc) => void doc.items.push("written as the grant expires"));
  await expect.poll(() => [...former.asked].toSorted(), patience).toEqual(["get", "put"]);
  device.engine.use({ ...device.bucket });
  former.answer();
  await device.engine.inBucket(handle.documentId, headsOf(handle));
  expect(device.events).toEqual([]);
  expect(device.engine.status()).toMatchObject({ bucket: "saved", problems: [] });
});

test("a grant that is refused is paused until another one comes", async () => {
  const device = await startDevice(new MemoryStore(), 0);
  const handle = device.engine.repo.create<Todos>({ items: [] });
  await device.engine.inBucket(handle.documentId, headsOf(handle));
  const expired = createExpiring(device.bucket);
  expired.answer();
  device.engine.use(expired.bucket);
  handle.change((doc) => void doc.items.push("written when the grant has expired"));
  await expect.poll(() => device.events, patience).toContain("expired");
  await expect.poll(() => device.engine.status().bucket, patience).toBe("waiting");
  device.engine.use(device.bucket);
  await device.engine.inBucket(handle.documentId, headsOf(handle));
});
