/** Devices on the in-memory double of the bucket: for counts, bytes and sizes, on virtual time. */
import type { ReplicaId } from "../shared/keys.ts";
import type { Tuning } from "../sw/engine/tuning.ts";
import { MemoryStore } from "../sw/engine/memory-world.ts";
import type { NodeDevice } from "./node-device.ts";
import { benchNamespace, openNodeDevice, replicaId } from "./node-device.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { createVirtualTime } from "./virtual-time.ts";

export interface MemoryLab {
  readonly store: MemoryStore;
  readonly time: VirtualTime;
  readonly devices: readonly NodeDevice[];
  /** One more device, which knows those there are, and is not known to them. */
  join(): Promise<NodeDevice>;
  /** Bytes of all objects. */
  bucketBytes(): number;
  close(): Promise<void>;
}

export async function openMemoryLab(
  count: number,
  tuning: Partial<Tuning> = {},
): Promise<MemoryLab> {
  const store = new MemoryStore();
  const time = createVirtualTime();
  const replicas = Array.from({ length: count }, (_, index) => replicaId(index + 1));
  const devices: NodeDevice[] = [];
  const open = async (replica: ReplicaId): Promise<NodeDevice> => {
    const others = replicas.filter((other) => other !== replica);
    const bucket = store.bucket(benchNamespace, replica, others);
    const device = await openNodeDevice({ bucket, time, tuning });
    devices.push(device);
    return device;
  };
  for (const replica of replicas) await open(replica);
  return {
    store,
    time,
    devices,
    join: () => open(replicaId(devices.length + 1)),
    bucketBytes: () =>
      [...store.objects.values()].reduce((sum, { bytes }) => sum + bytes.length, 0),
    async close() {
      await Promise.all(devices.map((device) => device.close()));
    },
  };
}
