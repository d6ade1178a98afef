/** Devices on the in-memory double of the bucket: for counts, bytes and sizes, on virtual time. */
import type { EngineOptions } from "../sw/engine/engine.ts";
import { MemoryStore } from "../sw/engine/memory-world.ts";
import type { NodeDevice } from "./node-device.ts";
import { benchNamespace, openNodeDevice, replicaId } from "./node-device.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { createVirtualTime } from "./virtual-time.ts";

export interface MemoryLab {
  readonly store: MemoryStore;
  readonly time: VirtualTime;
  readonly devices: readonly NodeDevice[];
  /** Bytes of all objects, or of those of one device. */
  bucketBytes(): number;
  close(): Promise<void>;
}

export async function openMemoryLab(
  count: number,
  tuning: Partial<EngineOptions> = {},
): Promise<MemoryLab> {
  const store = new MemoryStore();
  const time = createVirtualTime();
  const replicas = Array.from({ length: count }, (_, index) => replicaId(index + 1));
  const devices: NodeDevice[] = [];
  for (const replica of replicas) {
    const others = replicas.filter((other) => other !== replica);
    const bucket = store.bucket(benchNamespace, replica, others);
    devices.push(await openNodeDevice({ bucket, time, tuning }));
  }
  return {
    store,
    time,
    devices,
    bucketBytes: () =>
      [...store.objects.values()].reduce((sum, { bytes }) => sum + bytes.length, 0),
    async close() {
      await Promise.all(devices.map((device) => device.close()));
    },
  };
}
