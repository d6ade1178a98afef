/**
 * The embedded store: a small, strict S3 endpoint on disk, for development, tests and benchmarks. It answers what
 * S3 answers, refuses what it does not understand, and listens on the loopback interface only. What it keeps is
 * safe against a crash (object-disk.ts) and against a second process (lock.ts).
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { makeDirectory } from "./files.ts";
import { createHandler } from "./handler.ts";
import { lockDirectory } from "./lock.ts";
import { openBucket, type DiskBucket } from "./object-disk.ts";
import { checkOptions, type StoreOptions } from "./options.ts";

/**
 * A server that closes an idle connection just when a request arrives on it breaks that request, so it had better
 * be the client that closes: Node's own client and the browsers give up idle connections long before this.
 */
const KEEP_ALIVE_MS: number = 10 * 60 * 1000;

export interface Store {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly endpoint: string;
  readonly port: number;
  /** Cuts open connections, waits until nothing is being written, and releases the directory. Idempotent. */
  close(): Promise<void>;
}

/** Throws if the directory is in use by another store, the port is taken, or the options make no sense. */
export async function startStore(options: StoreOptions): Promise<Store> {
  checkOptions(options);
  const sync = options.sync ?? true;
  const directory = resolve(options.dir);
  await makeDirectory(directory, sync);
  const unlock = lockDirectory(directory);
  try {
    const buckets = new Map<string, DiskBucket>();
    for (const name of options.buckets) {
      const bucket = await openBucket(name, join(directory, "buckets", name), sync);
      if (options.cors !== undefined) await bucket.setCorsRules(options.cors, false);
      buckets.set(name, bucket);
    }
    return await listen(options, buckets, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function listen(
  options: StoreOptions,
  buckets: ReadonlyMap<string, DiskBucket>,
  unlock: () => void,
): Promise<Store> {
  const handle = createHandler(options, buckets);
  const running = new Set<Promise<void>>();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
    const run = handle(incoming, response).finally(() => running.delete(run));
    running.add(run);
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
    await Promise.all(running);
    unlock();
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    close: () => (closing ??= close()),
  };
}
