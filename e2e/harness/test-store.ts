/** The object store of one test: the embedded one, or a bucket of its own on the Ceph that the run shares. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { makeDataDirectory, readDevData } from "../../scripts/cli/dev-data.ts";
import type { DevStore } from "../../scripts/cli/dev-store.ts";
import { startEmbeddedStore } from "../../scripts/cli/dev-store.ts";
import { setUpBucket } from "../../scripts/rgw/bucket-setup.ts";
import type { StoreConfig } from "../../service/config.ts";
import type { RgwAddress } from "./environment.ts";
import { rgwAddress } from "./environment.ts";
import { createGate } from "./gate.ts";
import { freePort } from "./ports.ts";

export interface TestStore {
  readonly config: Required<StoreConfig>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Running. Ceph's clock is the machine's, whatever `now` says. */
export async function startTestStore(
  directory: string,
  origins: readonly string[],
  now: () => number,
): Promise<TestStore> {
  const rgw = rgwAddress();
  const port = await freePort();
  return rgw === undefined
    ? embedded(directory, port, origins, now)
    : bucketOf(rgw, `e2e-${randomUUID()}`, port, origins);
}

async function embedded(
  directory: string,
  port: number,
  origins: readonly string[],
  now: () => number,
): Promise<TestStore> {
  const data = join(directory, "store-data");
  await makeDataDirectory(data);
  const made = await readDevData(data);
  const open = async (): Promise<DevStore> => {
    const store = await startEmbeddedStore({
      directory: data,
      data: { ...made, ports: { store: port } },
      origins,
      writeIntervalMs: 0,
      now,
    });
    if (store.ports.store === port) return store;
    await store.close();
    throw new Error(`port ${port} of the store was taken meanwhile`);
  };
  let store: DevStore | null = await open();
  return {
    config: store.config,
    async start() {
      store ??= await open();
    },
    async stop() {
      const stopping = store;
      store = null;
      await stopping?.close();
    },
  };
}

async function bucketOf(
  rgw: RgwAddress,
  bucket: string,
  port: number,
  origins: readonly string[],
): Promise<TestStore> {
  const { endpoint, region, admin, reader, writer } = rgw;
  const users = { owner: "admin", reader: "reader", writer: "writer" };
  await setUpBucket({ endpoint, region, bucket }, admin, users, origins);
  const gate = createGate(port, new URL(endpoint));
  await gate.open();
  let isOpen = true;
  return {
    config: {
      endpoint: `http://127.0.0.1:${port}`,
      region,
      bucket,
      addressing: "path",
      read: reader,
      write: writer,
      admin,
    },
    async start() {
      if (isOpen) return;
      await gate.open();
      isOpen = true;
    },
    async stop() {
      if (!isOpen) return;
      isOpen = false;
      await gate.close();
    },
  };
}
