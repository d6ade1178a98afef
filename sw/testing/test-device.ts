/** Devices for tests of the engine: durable disks that outlive their engines, and one store for all. */
import "@automerge/automerge";
import { randomBytes } from "node:crypto";
import type { DocHandle, DocumentId, PeerId } from "@automerge/automerge-repo/slim";
import type { Layout, Namespace, ReplicaId } from "../../shared/keys.ts";
import type { Engine, EngineOptions } from "../engine/engine.ts";
import { createEngine } from "../engine/engine.ts";
import type { MemoryDisk, MemoryStore } from "../engine/memory-world.ts";
import { createMemoryDisk } from "../engine/memory-world.ts";
import { createMemoryStorage } from "../engine/memory-storage.ts";
import type { Bucket, GrantedPeer, World } from "../engine/world.ts";
import type { TestWorldOptions } from "./test-world.ts";
import { createTestWorld } from "./test-world.ts";

export const testNamespace = "key:someone" as Namespace;
export const testReplicas = [
  "browser-00000a",
  "browser-00000b",
  "browser-00000c",
  "browser-00000d",
] as ReplicaId[];

export interface Todos {
  items: string[];
}

export interface TestDevice {
  readonly replica: ReplicaId;
  readonly world: World;
  readonly disk: MemoryDisk;
  readonly storage: ReturnType<typeof createMemoryStorage>;
  readonly events: string[];
  bucket: Bucket;
  engine: Engine;
  /** Ends the engine without letting it finish anything, and starts another on the same disk. */
  restart(): Promise<void>;
}

export interface TestDeviceOptions extends TestWorldOptions {
  readonly layout?: Layout;
  readonly peers?: readonly GrantedPeer[];
  readonly engine?: Partial<EngineOptions>;
  /** Signed out: the engine has no bucket. */
  readonly signedOut?: boolean;
}

const open: Engine[] = [];

/** Call it after each test. */
export async function closeDevices(): Promise<void> {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
}

/** The device with this index in `testReplicas`. */
export async function startDevice(
  store: MemoryStore,
  index: number,
  options: TestDeviceOptions = {},
): Promise<TestDevice> {
  const replica = testReplicas[index]!;
  const others = testReplicas.filter((other) => other !== replica);
  const disk = createMemoryDisk();
  const storage = createMemoryStorage();
  const events: string[] = [];
  const granted = store.bucket(testNamespace, replica, others, options.layout);
  const bucket: Bucket = { ...granted, peers: () => options.peers ?? granted.peers() };
  const world = createTestWorld(disk, options);
  const start = async (): Promise<Engine> => {
    const engine = await createEngine({
      world,
      openStorage: () => storage,
      peerId: `worker-${randomBytes(4).toString("hex")}` as PeerId,
      replica,
      lockName: replica,
      changed() {},
      expired: () => void events.push("expired"),
      cloned: () => void events.push("cloned"),
      newcomer: () => void events.push("newcomer"),
      superseded: () => void events.push("superseded"),
      ...options.engine,
    });
    open.push(engine);
    if (options.signedOut !== true) engine.use(self.bucket);
    return engine;
  };
  const self: Omit<TestDevice, "engine"> & { engine?: Engine } = {
    replica,
    world,
    disk,
    storage,
    events,
    bucket,
    async restart() {
      void self.engine?.close();
      self.engine = await start();
    },
  };
  self.engine = await start();
  return self as TestDevice;
}

/** Opens a document, and waits until it has content. */
export async function openTodos(
  { engine }: TestDevice,
  id: DocumentId,
  wait: (check: () => boolean) => Promise<void>,
): Promise<DocHandle<Todos>> {
  const handle = await engine.open(id);
  await wait(() => handle.isReady());
  return handle as DocHandle<Todos>;
}
