/**
 * Kills the store in the middle of writes, again and again, and starts it on what is left. What was acknowledged
 * must be there; what was being overwritten must be the old object or the new one.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createBucketClient, md5Of, type BucketClient } from "./conformance/client.ts";
import { makeTestDirectory, testBucket, testKey } from "./test-store.ts";

const ROUNDS = 5;
/** Several at once, so that a kill meets uploads in every stage. */
const WRITERS = 4;
const HOT_BYTES = { "hot/small": 8 * 1024, "hot/large": 1024 * 1024 };

interface RunningStore {
  readonly client: BucketClient;
  readonly process: ChildProcess;
}

/** Of one key that is overwritten all the time: the versions its body may be. */
interface Hot {
  attempted: number;
  acknowledged: number;
}

async function startChild(dir: string): Promise<RunningStore> {
  const script = fileURLToPath(new URL("crash-child.ts", import.meta.url));
  const { accessKeyId, secretAccessKey } = testKey;
  const args = ["--import", "tsx", script, dir, testBucket, accessKeyId, secretAccessKey];
  const child = spawn(process.execPath, args, {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: join(script, ".."),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [endpoint] = (await once(createInterface(child.stdout), "line")) as [string];
  return {
    process: child,
    client: createBucketClient({ endpoint, region: "us-east-1", bucket: testBucket }, testKey),
  };
}

/** A body whose version can be read from any four bytes of it. */
function versionBody(version: number, bytes: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(version);
  return Buffer.alloc(bytes, four);
}

it("survives kill -9 in the middle of writes", { timeout: 60_000 }, async () => {
  const dir = await makeTestDirectory();
  const acknowledged = new Map<string, string>();
  const hot: Record<keyof typeof HOT_BYTES, Hot> = {
    "hot/small": { attempted: 0, acknowledged: 0 },
    "hot/large": { attempted: 0, acknowledged: 0 },
  };
  const hotKeys = Object.keys(HOT_BYTES) as (keyof typeof HOT_BYTES)[];

  /** Writes until the store is killed, which happens after `target` acknowledged writes. */
  const writeAndKill = async (
    { client, process: child }: RunningStore,
    round: number,
  ): Promise<void> => {
    const target = acknowledged.size + 25 + 13 * round;
    const writeNew = async (writer: number): Promise<void> => {
      for (let at = 0; child.exitCode === null && child.signalCode === null; at++) {
        const key = `new/${round}-${writer}-${at}`;
        const body = randomBytes(4096);
        if ((await client.put(key, body)).status === 200) acknowledged.set(key, md5Of(body));
        if (acknowledged.size >= target) child.kill("SIGKILL");
      }
    };
    const overwrite = async (key: keyof typeof HOT_BYTES): Promise<void> => {
      while (child.exitCode === null && child.signalCode === null) {
        const version = ++hot[key].attempted;
        const { status } = await client.put(key, versionBody(version, HOT_BYTES[key]));
        if (status === 200) hot[key].acknowledged = version;
      }
    };
    const gone = once(child, "exit");
    const writers = Array.from({ length: WRITERS }, (_, writer) => writeNew(writer));
    const results = await Promise.allSettled([...writers, ...hotKeys.map(overwrite)]);
    await gone;
    // A writer ends because its request was cut, or because it saw that the store is gone.
    const reasons = results.flatMap((result) =>
      result.status === "rejected" ? [String(result.reason)] : [],
    );
    expect(reasons.filter((reason) => !/ECONN|EPIPE|socket hang up|aborted/.test(reason))).toEqual(
      [],
    );
  };

  const checkHot = async (client: BucketClient): Promise<void> => {
    for (const key of hotKeys) {
      const { status, body, headers } = await client.get(key);
      const { attempted, acknowledged: last } = hot[key];
      // Nothing was acknowledged yet: then there may be nothing.
      if (status === 404 && last === 0) continue;
      const version = body.readUInt32BE(0);
      expect({ key, whole: body.equals(versionBody(version, HOT_BYTES[key])) }).toEqual({
        key,
        whole: true,
      });
      expect(version).toBeGreaterThanOrEqual(last);
      expect(version).toBeLessThanOrEqual(attempted);
      expect(headers.etag).toBe(`"${md5Of(body)}"`);
    }
  };

  let running = await startChild(dir);
  for (let round = 0; round < ROUNDS; round++) {
    await writeAndKill(running, round);
    // The killed process could not release its lock: this start also takes that over.
    running = await startChild(dir);
    await checkHot(running.client);
  }

  const { client } = running;
  const found = await Promise.all(
    [...acknowledged.keys()].map(async (key) => [key, md5Of((await client.get(key)).body)]),
  );
  expect(new Map(found as [string, string][])).toEqual(acknowledged);
  const listed = new Set<string>();
  for (let after = ""; ;) {
    const page = await client.list({ prefix: "new/", "start-after": after });
    const keys = [...page.text.matchAll(/<Key>([^<]*)/g)].map(([, key = ""]) => key);
    for (const key of keys) listed.add(key);
    after = keys.at(-1) ?? "";
    if (keys.length === 0) break;
  }
  expect([...acknowledged.keys()].filter((key) => !listed.has(key))).toEqual([]);
  // What was never acknowledged may be there, but then it is whole.
  for (const key of listed) {
    const { body, headers } = await client.get(key);
    expect(body).toHaveLength(4096);
    expect(headers.etag).toBe(`"${md5Of(body)}"`);
  }
  expect(await readdir(join(dir, "buckets", testBucket, "temporary"))).toEqual([]);
});
