/**
 * A random run of two devices of one person, through real HTTP: they begin and edit documents, lose requests and
 * answers, go offline, and their engines are ended at any moment. Then the network heals, and what must hold then is
 * checked. The seed decides what the devices do; how their requests fall between each other is the machine's affair,
 * so that a seed that failed once may have to run several times.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as A from "@automerge/automerge";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { expect } from "vitest";
import type { BucketUnderTest } from "../../scripts/dev-store/conformance/target.ts";
import { createBucketClient } from "../../scripts/dev-store/conformance/client.ts";
import type { Layout } from "../../shared/keys.ts";
import { objectKey, objectNames } from "../../shared/keys.ts";
import { formatSecretKey, secretKeyBytes } from "../../shared/secret-key.ts";
import { hasAll } from "../../sw/engine/chunks.ts";
import type { Handle } from "../../sw/engine/documents.ts";
import { headsOf, sameHeads } from "../../sw/engine/documents.ts";
import { quarantineMs } from "../../sw/engine/slots.ts";
import type { Tuning } from "../../sw/engine/tuning.ts";
import type { Content, SimulatedDocument } from "../../sw/simulator/edits.ts";
import {
  applyEdit,
  canonicalJson,
  createDocument,
  editKinds,
  firstChange,
} from "../../sw/simulator/edits.ts";
import type { SeededRandom } from "../../sw/simulator/random.ts";
import { createRandom } from "../../sw/simulator/random.ts";
import { listKeys } from "../harness/bucket-content.ts";
import type { EngineDevice } from "./engine-device.ts";
import { openEngineDevice } from "./engine-device.ts";
import type { Weather } from "./store-way.ts";
import { calm } from "./store-way.ts";

export type StoreUnderTest = Omit<BucketUnderTest, "origin">;

/** By a device's clock: longer than it waits before it merges for the sake of readers. */
const restMs = 150_000;

/** A machine may be busy with other things; a run that is stuck must end and say where. */
const patienceMs = 90_000;

const lookIntervalMs = 20;

/** Characters: with a small tail, a segment of its own, and several flushes' worth for a slow store. */
const pasteLengthMax = 4_000;

interface Plan {
  readonly layout: Layout;
  readonly tuning: Partial<Tuning>;
  readonly weather: Weather;
  readonly documents: readonly PlannedDocument[];
  readonly steps: number;
}

interface PlannedDocument extends SimulatedDocument {
  /** What it begins with, whoever begins it. */
  readonly first: Uint8Array;
  /** Which device begins it; null where both do, with the same change. */
  readonly owner: string | null;
}

interface Edit {
  readonly by: string;
  readonly id: DocumentId;
  readonly heads: readonly string[];
}

/** What a run was made of, so that one can see that it was about something. */
export interface RunCounts {
  readonly edits: number;
  readonly inBucket: number;
  readonly restarts: number;
  readonly segments: number;
  readonly requests: number;
  /** Of those, the ones that were not simply answered. */
  readonly disturbed: number;
}

export async function runTwoDevices(store: StoreUnderTest, seed: number): Promise<RunCounts> {
  const random = createRandom(`two-devices/${seed}`);
  const plan = drawPlan(random.fork("plan"));
  const open: EngineDevice[] = [];
  const openDevice = async (name: string): Promise<EngineDevice> => {
    const device = await openEngineDevice({
      name,
      secretKey,
      service: serviceConfig(store, plan.layout),
      tuning: plan.tuning,
      random: random.fork(name),
      clockErrorMs: random.fork(name).int(120_000) - 60_000,
    });
    open.push(device);
    return device;
  };
  const secretKey = formatSecretKey(random.fork("key").bytes(secretKeyBytes));
  try {
    const devices = [await openDevice("first"), await openDevice("second")];
    const runs = devices.map((device) => live(device, plan, random.fork(`life of ${device.name}`)));
    const lives = await Promise.all(runs);
    const begun = plan.documents.filter(({ id }) => lives.some((life) => life.begun.has(id)));
    const saved = (): readonly Edit[] => lives.flatMap((life) => life.inBucket);

    await Promise.all(devices.map((device) => device.stop()));
    Object.assign(devices[0]!.way.weather, calm);
    Object.assign(devices[1]!.way.weather, calm);
    // A late PUT may bring back an older manifest, which its owner alone can mend.
    if (plan.weather.late === 0) await expectInBucket(await openDevice("witness"), saved());

    await Promise.all(devices.map((device) => device.restart()));
    for (const { engine } of devices) engine.conditions({ online: true, visible: true });
    const third = await openDevice("third");
    await untilEqual([...devices, third], begun);
    const contents = await contentsOf(devices[0]!, begun);
    expect(await contentsOf(devices[1]!, begun)).toEqual(contents);
    expect(await contentsOf(third, begun)).toEqual(contents);
    expect(await missingOn(third, saved())).toEqual([]);

    await untilAtRest([...devices, third], begun);
    // A merge for the sake of readers may wait for a slot in quarantine, and is taken up at the next start.
    for (const device of devices) device.skip(quarantineMs);
    await Promise.all(devices.map((device) => device.restart()));
    await untilAtRest(devices, begun);
    const before = devices.map(({ way }) => way.puts().length);
    await Promise.all(devices.map((device) => device.restart()));
    await untilAtRest(devices, begun);
    const after = devices.map(({ way }, index) => way.puts().slice(before[index]));
    expect(after).toEqual([[], []]);
    expect(await contentsOf(devices[0]!, begun)).toEqual(contents);
    expect(await contentsOf(devices[1]!, begun)).toEqual(contents);

    for (const device of open) expectWithinGrant(device, plan.layout);
    await expectFewObjects(store, devices[0]!, plan.layout);
    const requests = open.flatMap(({ way }) => way.requests);
    return {
      edits: lives.reduce((sum, life) => sum + life.edits, 0),
      inBucket: saved().length,
      restarts: lives.reduce((sum, life) => sum + life.restarts, 0),
      segments: requests.filter(({ method, key }) => method === "PUT" && key.includes("/seg/"))
        .length,
      requests: requests.length,
      disturbed: requests.filter(({ fate }) => fate !== "answered").length,
    };
  } finally {
    await Promise.all(open.map((device) => device.close()));
  }
}

function drawPlan(random: SeededRandom): Plan {
  const documents = Array.from({ length: 2 + random.int(4) }, (): PlannedDocument => {
    const document = createDocument(random, random.chance(0.3));
    const owner = document.birth === null ? random.pick(["first", "second"]) : null;
    return { ...document, owner, first: document.birth ?? firstChange(random) };
  });
  return {
    documents,
    layout: { levels: 1 + random.int(3), slotsPerLevel: 3 + random.int(4) },
    tuning: {
      tailBytesMax: Math.round(random.magnitude(64, 1_024)),
      mergeFanOut: 2 + random.int(4),
    },
    weather: {
      isOffline: false,
      lost: random.pick([0, 0.02, 0.06]),
      unanswered: random.pick([0, 0.02, 0.06]),
      busy: random.pick([0, 0.05]),
      late: random.pick([0, 0, 0.1]),
    },
    steps: 30 + random.int(50),
  };
}

function serviceConfig(
  store: StoreUnderTest,
  layout: Layout,
): Parameters<typeof openEngineDevice>[0]["service"] {
  const { endpoint, region, bucket, admin, reader: read, writer: write } = store;
  return {
    origins: [],
    store: { endpoint, region, bucket, addressing: "path", admin, read, write },
    sessionSecrets: ["a session secret for this test alone"],
    layout,
    log() {},
  };
}

interface Life {
  /** The documents that are on this device's disk because it began them. */
  readonly begun: ReadonlySet<DocumentId>;
  /** The edits of which the engine said that the bucket has them. */
  readonly inBucket: readonly Edit[];
  readonly edits: number;
  readonly restarts: number;
}

/** What one device does, step by step; the other one does the same beside it. */
async function live(device: EngineDevice, plan: Plan, random: SeededRandom): Promise<Life> {
  const begun = new Set<DocumentId>();
  const pending = new Set<Edit>();
  const inBucket: Edit[] = [];
  let edits = 0;
  let restarts = 0;
  Object.assign(device.way.weather, plan.weather);

  const begin = async (handle: Handle, { id, first, owner }: PlannedDocument): Promise<void> => {
    if (owner !== null && owner !== device.name) return;
    handle.update((doc) => A.loadIncremental(doc, first));
    await store(handle);
    begun.add(id);
  };
  const store = async (handle: Handle): Promise<void> => {
    while ((await device.engine.documents.store(handle)) === undefined);
  };
  /** An edit that was never stored may be lost with its engine; then nobody may say that the bucket has it. */
  const awaitBucket = (made: Edit): void => {
    device.engine.inBucket(made.id, made.heads).then(
      () => {
        if (pending.delete(made)) inBucket.push(made);
      },
      () => undefined,
    );
  };
  const edit = async (): Promise<void> => {
    const document = random.pick(plan.documents);
    const handle = await device.engine.open(document.id);
    if (!handle.isReady() || !begun.has(document.id)) await begin(handle, document);
    // The other one's, which has not come yet.
    if (!handle.isReady()) return;
    for (let left = random.pick([1, 1, 1, 3, 8]); left > 0; left--) {
      handle.change((draft) => change(draft as Content, random));
      edits++;
    }
    const made: Edit = { by: device.name, id: document.id, heads: headsOf(handle) };
    pending.add(made);
    awaitBucket(made);
    if (random.chance(0.8)) await store(handle);
  };
  const setOffline = (isOffline: boolean): void => {
    device.way.weather.isOffline = isOffline;
    if (isOffline) device.way.cut();
    // Browsers say so, and not always.
    if (random.chance(0.5)) device.engine.conditions({ online: !isOffline, visible: true });
  };

  for (let step = 0; step < plan.steps; step++) {
    const drawn = random.uniform();
    if (drawn < 0.65) await edit();
    else if (drawn < 0.73) {
      await device.restart();
      restarts++;
      for (const made of pending) awaitBucket(made);
    } else if (drawn < 0.81) setOffline(random.chance(0.3));
    else if (drawn < 0.95)
      device.engine.hint(random.chance(0.5) ? undefined : random.pick([...device.readable]));
    await sleep(random.pick([0, 5, 20, 60, 100]));
  }
  return { begun, inBucket, edits, restarts };
}

function change(draft: Content, random: SeededRandom): void {
  const kind = random.pick([...editKinds, "long text"] as const);
  if (kind !== "long text") return applyEdit(draft, kind, random);
  const length = random.int(pasteLengthMax);
  const text = Buffer.from(random.bytes(length)).toString("base64").slice(0, length);
  return A.splice(draft, ["text"], random.int(draft.text.length + 1), 0, text);
}

/** A device that has nothing of its own finds all these edits, while the devices that made them are off. */
async function expectInBucket(witness: EngineDevice, saved: readonly Edit[]): Promise<void> {
  await until("a witness to find what is said to be in the bucket", async () => {
    const missing = await missingOn(witness, saved);
    return missing.length === 0 || missing.join("; ");
  });
  await witness.stop();
}

/** The edits that the device does not have. */
async function missingOn(device: EngineDevice, edits: readonly Edit[]): Promise<string[]> {
  const missing: string[] = [];
  for (const { by, id, heads } of edits) {
    const handle = await device.engine.open(id);
    if (!handle.isReady() || !hasAll(handle.doc(), heads))
      missing.push(`the edit ${heads.join()} of ${by} in ${id}`);
  }
  return missing;
}

async function contentsOf(
  device: EngineDevice,
  documents: readonly PlannedDocument[],
): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const { id } of documents)
    contents[id] = canonicalJson((await device.engine.open(id)).doc());
  return contents;
}

/** All devices have the same heads of every document, and nothing to publish. */
async function untilEqual(
  devices: readonly EngineDevice[],
  documents: readonly PlannedDocument[],
): Promise<void> {
  await until("equal heads", () => difference(devices, documents));
}

/** The same, and for a long time by the devices' clocks nobody has written anything. */
async function untilAtRest(
  devices: readonly EngineDevice[],
  documents: readonly PlannedDocument[],
): Promise<void> {
  const { clock } = devices[0]!.world;
  const puts = (): number => devices.reduce((sum, { way }) => sum + way.puts().length, 0);
  let [seen, since] = [puts(), clock.now()];
  await until("rest", async () => {
    const different = await difference(devices, documents);
    if (different !== true || puts() !== seen) [seen, since] = [puts(), clock.now()];
    if (different !== true) return different;
    return clock.now() - since > restMs || `${seen} PUTs, the last one just now`;
  });
}

async function difference(
  devices: readonly EngineDevice[],
  documents: readonly PlannedDocument[],
): Promise<true | string> {
  for (const { id } of documents) {
    const heads = await Promise.all(devices.map((device) => device.headsOf(id)));
    const isEqual = heads.every((some) => some.length > 0 && sameHeads(some, heads[0]!));
    if (!isEqual) return `${id}: ${JSON.stringify(heads)}; ${JSON.stringify(statuses(devices))}`;
  }
  const isSaved = devices.every(({ engine }) => engine.status().bucket === "saved");
  return isSaved || JSON.stringify(statuses(devices));
}

function statuses(devices: readonly EngineDevice[]): unknown {
  return devices.map(({ name, replica, engine }) => ({ name, replica, ...engine.status() }));
}

/** `check` says what is not so yet. */
async function until(what: string, check: () => Promise<true | string>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await check();
    if (found === true) return;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}: ${found}`);
    await sleep(lookIntervalMs);
  }
}

/** As the store saw it: own objects written, granted ones read, nothing refused. */
function expectWithinGrant(device: EngineDevice, layout: Layout): void {
  const { namespace } = device.grant;
  const names = objectNames(layout);
  const own = new Set(names.map((name) => objectKey(namespace, device.replica, name)));
  const granted = new Set(
    [...device.readable].flatMap((replica) =>
      names.map((name) => objectKey(namespace, replica, name)),
    ),
  );
  const strange = device.way.requests.filter(({ method, key, status }) => {
    if (status !== null && status !== 200 && !(method === "GET" && status === 404)) return true;
    return method === "PUT" ? !own.has(key) : method !== "GET" || !granted.has(key);
  });
  expect(strange).toEqual([]);
  expect(device.accidents).toEqual([]);
}

async function expectFewObjects(
  store: StoreUnderTest,
  { grant }: EngineDevice,
  layout: Layout,
): Promise<void> {
  const counts = new Map<string, number>();
  for (const key of await listKeys(createBucketClient(store, store.admin), `${grant.namespace}/`)) {
    const replica = key.split("/")[1] ?? "";
    counts.set(replica, (counts.get(replica) ?? 0) + 1);
  }
  expect(counts.size).toBeGreaterThan(0);
  for (const count of counts.values())
    expect(count).toBeLessThanOrEqual(2 + layout.levels * layout.slotsPerLevel);
}
