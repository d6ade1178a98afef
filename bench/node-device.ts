/**
 * A device in Node: the engine with a disk in memory, on real or virtual time. What it asks of the bucket is
 * counted. Its tab is the benchmark itself: a change is stored as the worker stores what a tab sends.
 */
import "@automerge/automerge";
import { createHash, randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { DocumentId, PeerId } from "@automerge/automerge-repo/slim";
import type { EnvelopeTools } from "../shared/codecs/envelope.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import type { Handle } from "../sw/engine/documents.ts";
import { headsOf } from "../sw/engine/documents.ts";
import type { Engine } from "../sw/engine/engine.ts";
import type { Tuning } from "../sw/engine/tuning.ts";
import { createEngine } from "../sw/engine/engine.ts";
import { createMemoryLocks } from "../sw/engine/memory-world.ts";
import type { Bucket, Clock, Disk, Timers } from "../sw/engine/world.ts";
import type { CountedBucket } from "./counted-bucket.ts";
import { countBucket } from "./counted-bucket.ts";
import { createDeviceDisk } from "./device-disk.ts";
import type { DeviceStorage } from "./device-storage.ts";
import { createDeviceStorage } from "./device-storage.ts";
import { createRandom } from "./random.ts";

export const benchNamespace: Namespace = "key:bench" as Namespace;

export function replicaId(index: number): ReplicaId {
  return `node-${index.toString(16).padStart(6, "0")}` as ReplicaId;
}

export const realTime: Time = {
  clock: { now: () => Date.now() },
  timers: {
    after(delayMs, action) {
      const timer = setTimeout(action, delayMs);
      return () => clearTimeout(timer);
    },
  },
};

interface Time {
  readonly clock: Clock;
  readonly timers: Timers;
}

export const nodeTools: EnvelopeTools = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  deflate: async (bytes) => deflateRawSync(bytes),
  inflate: async (bytes, maxOutputLength) => inflateRawSync(bytes, { maxOutputLength }),
};

export interface NodeDevice {
  readonly engine: Engine;
  readonly bucket: CountedBucket;
  readonly disk: Disk;
  readonly storage: DeviceStorage;
  /** Changes a document, and resolves once that is on the device's disk. */
  change(handle: Handle, edit: (document: never) => void): Promise<void>;
  /** Resolves once the bucket has what the document holds now. */
  inBucket(handle: Handle): Promise<void>;
  /** Tells the engine that somebody may have written: what WebRTC or the service do for a worker. */
  hint(replica?: ReplicaId): void;
  close(): Promise<void>;
}

export interface NodeDeviceOptions {
  readonly bucket: Bucket;
  readonly time?: Time;
  /** An earlier engine of the same device, to go on with its disk. */
  readonly earlier?: Pick<NodeDevice, "disk" | "storage"> | undefined;
  /** Numbers of the engine that are being measured. */
  readonly tuning?: Partial<Tuning>;
}

export async function openNodeDevice(options: NodeDeviceOptions): Promise<NodeDevice> {
  const bucket = countBucket(options.bucket);
  const { clock, timers } = options.time ?? realTime;
  const { disk, storage } = options.earlier ?? {
    disk: createDeviceDisk(),
    storage: createDeviceStorage(),
  };
  const uniform = createRandom(Number.parseInt(bucket.replica.slice(-6), 16));
  const engine = await createEngine({
    world: {
      clock,
      timers,
      random: { uniform, bytes: (count) => randomBytes(count) },
      disk,
      locks: createMemoryLocks(),
      tools: nodeTools,
      log: { warn: (event, fields) => console.warn(event, fields) },
    },
    openStorage: () => storage,
    peerId: `worker-${randomBytes(4).toString("hex")}` as PeerId,
    replica: bucket.replica,
    lockName: bucket.replica,
    changed() {},
    expired() {},
    tuning: options.tuning ?? {},
  });
  engine.use(bucket);
  return {
    engine,
    bucket,
    disk,
    storage,
    async change(handle, edit) {
      handle.change(edit as (document: unknown) => void);
      while ((await engine.documents.store(handle)) === undefined);
    },
    inBucket: (handle) => engine.inBucket(handle.documentId, headsOf(handle)),
    hint: (replica) => engine.hint(replica),
    close: () => engine.close(),
  };
}

/** Opens a document, and waits until it has content. */
export async function openReady(device: NodeDevice, id: DocumentId): Promise<Handle> {
  const handle = await device.engine.open(id);
  await handle.whenReady();
  return handle;
}
