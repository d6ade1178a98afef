/**
 * A device in Node on real HTTP: the engine on disks in memory that outlive it, signed in at a real service with a
 * secret key, its grant kept as the worker keeps it. Its time runs faster than the machine's.
 */
import "@automerge/automerge";
import { randomBytes } from "node:crypto";
import type { DocumentId, PeerId } from "@automerge/automerge-repo/slim";
import type { ServiceConfig } from "../../service/config.ts";
import { listen } from "../../service/node.ts";
import type { Grant } from "../../shared/grants.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { headsOf } from "../../sw/engine/documents.ts";
import type { Engine } from "../../sw/engine/engine.ts";
import { createEngine } from "../../sw/engine/engine.ts";
import { createMemoryStorage } from "../../sw/engine/memory-storage.ts";
import { createMemoryDisk } from "../../sw/engine/memory-world.ts";
import type { Tuning } from "../../sw/engine/tuning.ts";
import type { World } from "../../sw/engine/world.ts";
import type { GrantKeeper } from "../../sw/grant-keeper.ts";
import { createGrantKeeper } from "../../sw/grant-keeper.ts";
import { deriveKeyIdentity } from "../../sw/key-identity.ts";
import type { UserRecord } from "../../sw/registry.ts";
import { createServiceClient } from "../../sw/service-client.ts";
import type { SeededRandom } from "../../sw/simulator/random.ts";
import { createTestWorld } from "../../sw/testing/test-world.ts";
import { correctedClock } from "../../sw/world/corrected-clock.ts";
import { createPresignedBucket } from "../../sw/world/presigned-bucket.ts";
import type { StoreWay } from "./store-way.ts";
import { openStoreWay } from "./store-way.ts";

/** A poll every three seconds is one every 20 ms: often enough, and slower than the requests it makes. */
const haste = 150;

export interface EngineDevice {
  readonly name: string;
  readonly replica: ReplicaId;
  readonly grant: Grant;
  /** Every replica that any of its grants let it read. */
  readonly readable: ReadonlySet<ReplicaId>;
  readonly way: StoreWay;
  readonly world: World;
  readonly engine: Engine;
  /** What should never happen to a device that nobody cloned and whose grants are good. */
  readonly accidents: readonly string[];
  /** Sets its clock forward. */
  skip(ms: number): void;
  /** Ends the engine without waiting for anything, and starts another on the same disks. */
  restart(): Promise<void>;
  /** The document's heads; none where it has no content here. Asks for it where it is not here. */
  headsOf(id: DocumentId): Promise<readonly string[]>;
  /** Ends the engine, and waits for what was under way. */
  stop(): Promise<void>;
  /** The same, and ends its way to the store. */
  close(): Promise<void>;
}

export interface EngineDeviceOptions {
  readonly name: string;
  readonly secretKey: string;
  /** Its store's endpoint is what the device's own way leads to. */
  readonly service: Omit<ServiceConfig, "publicUrl">;
  readonly tuning: Partial<Tuning>;
  readonly random: SeededRandom;
  /** How far its clock is off at first. */
  readonly clockErrorMs: number;
}

export async function openEngineDevice(options: EngineDeviceOptions): Promise<EngineDevice> {
  const { name, random } = options;
  const way = await openStoreWay(options.service.store, random.fork("way"));
  const store = { ...options.service.store, endpoint: way.endpoint };
  const service = await listen((publicUrl) => ({ ...options.service, publicUrl, store }), {
    port: 0,
  });
  const client = createServiceClient(service.url);
  const session = await client.signInWithKey(await deriveKeyIdentity(options.secretKey));
  const first = await client.grant(session, { kind: "browser" });
  let user: UserRecord = {
    id: name,
    namespace: session.namespace,
    service: service.url,
    session,
    grant: first,
    replica: first.replica,
    claimedBy: null,
    absorbed: [],
  };

  const disk = createMemoryDisk();
  const storage = createMemoryStorage();
  let { clockErrorMs } = options;
  const jitter = random.fork("jitter");
  const beganAt = Date.now();
  const isAhead = createTestWorld(disk, { haste }).clock.now() - beganAt;
  const world = createTestWorld(disk, {
    haste,
    // All runs of a process share one fast clock: each begins at the time by which the service signs.
    offsetMs: () => clockErrorMs - isAhead,
    uniform: () => jitter.uniform(),
  });
  const readable = new Set<ReplicaId>();
  const accidents: string[] = [];
  let running: { readonly engine: Engine; readonly keeper: GrantKeeper } | null = null;

  const use = (engine: Engine, grant: Grant): void => {
    for (const { replica } of grant.get.replicas) readable.add(replica);
    engine.use(createPresignedBucket(grant, world.clock));
  };
  const start = async (): Promise<void> => {
    const engine = await createEngine({
      world,
      openStorage: () => storage,
      peerId: `worker-${randomBytes(4).toString("hex")}` as PeerId,
      replica: first.replica,
      lockName: name,
      tuning: options.tuning,
      changed() {},
      expired() {
        accidents.push("expired");
        keeper.refused();
      },
      newcomer: () => keeper.refresh(),
      cloned: () => void accidents.push("cloned"),
      superseded() {},
    });
    const keeper: GrantKeeper = createGrantKeeper({
      ...world,
      clock: correctedClock(world.clock, () => keeper.clockSet()),
      user,
      client,
      // The run is shorter than a session needs to be exchanged.
      sessions: { current: async () => session },
      use: (grant) => use(engine, grant),
      async save(grant) {
        user = { ...user, grant };
      },
      problems: engine.problems,
      changed() {},
      async retired() {
        accidents.push("retired");
      },
    });
    use(engine, user.grant ?? first);
    running = { engine, keeper };
  };
  const end = (): Promise<void> => {
    const ending = running;
    running = null;
    ending?.keeper.close();
    return ending?.engine.close() ?? Promise.resolve();
  };
  const current = (): Engine => {
    if (running === null) throw new Error(`${name} has no engine now`);
    return running.engine;
  };
  await start();

  return {
    name,
    replica: first.replica,
    readable,
    way,
    world,
    accidents,
    get grant() {
      return user.grant ?? first;
    },
    get engine() {
      return current();
    },
    skip(ms) {
      clockErrorMs += ms;
    },
    async restart() {
      void end();
      await start();
    },
    async headsOf(id) {
      const handle = await current().open(id);
      return handle.isReady() ? headsOf(handle) : [];
    },
    stop: end,
    async close() {
      await end();
      await service.close();
      await way.close();
    },
  };
}
