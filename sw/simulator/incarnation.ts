/**
 * One incarnation of a device's worker: the engine with its Repo, on models of everything; and what the worker does
 * around it (`user-session.ts`, `users.ts`): tabs' edits, acknowledgements, grants, flight.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId, PeerId } from "@automerge/automerge-repo/slim";
import { createDeferred } from "../../shared/deferred.ts";
import type { Handle } from "../engine/documents.ts";
import type { Engine } from "../engine/engine.ts";
import { createEngine } from "../engine/engine.ts";
import type { Bucket, Timers, World } from "../engine/world.ts";
import type { Device, Profile } from "./device.ts";
import { currentProfile } from "./device.ts";
import { createDiskModel } from "./disk-model.ts";
import { countStates } from "./count-states.ts";
import type { Content, EditKind, SimulatedDocument } from "./edits.ts";
import { applyEdit, firstChange } from "./edits.ts";
import { checkAcknowledged } from "./exposure.ts";
import { createGrantedBucket } from "./granted-bucket.ts";
import type { GrantKeeperModel } from "./grant-keeper-model.ts";
import { createGrantKeeperModel } from "./grant-keeper-model.ts";
import type { Life } from "./life.ts";
import type { Edit } from "./observed.ts";
import type { SimulatedGrant } from "./signer-model.ts";
import { secretMark } from "./signer-model.ts";
import type { Simulation } from "./simulation.ts";
import { createStorageModel } from "./storage-model.ts";
import { simulatedTools } from "./tools.ts";

const storeAttemptsMax = 5;

/** Somebody waits until so many of the edits are in the bucket. */
const acknowledgedShare = 0.4;

export interface Incarnation {
  readonly life: Life;
  readonly device: Device;
  readonly profile: Profile;
  readonly engine: Engine;
  readonly keeper: GrantKeeperModel;
  /** The grant whose bucket the engine uses. */
  readonly grant: SimulatedGrant | null;
  /** Opens a document as a tab does, and makes an edit; resolves when it is stored, if it ever is. */
  edit(document: SimulatedDocument, kind: EditKind, create: boolean): Promise<void>;
  open(document: SimulatedDocument): Promise<Handle>;
  /** What the tabs see of the world has changed. */
  conditions(): void;
  /** Everything that may come to a person's eyes, looked through for secrets. */
  inspectStatus(): void;
}

export async function startIncarnation(
  sim: Simulation,
  device: Device,
  life: Life,
): Promise<Incarnation> {
  const { context } = sim;
  const { scheduler, observed, counters } = context;
  const random = context.random.fork(life.name);
  const profile = currentProfile(device);
  let urges = 0;
  let grant: SimulatedGrant | null = null;
  const timers: Timers = {
    after: (delayMs, action) =>
      scheduler.after(delayMs, () => {
        if (life.isAlive) action();
      }),
  };
  const lookForSecrets = (where: string, what: unknown): void => {
    if (textOf(what).includes(secretMark)) observed.leaks.push(`${life.name}: ${where}`);
  };
  const world: World = {
    clock: device.clock,
    timers,
    random: { uniform: () => random.uniform(), bytes: (count) => random.bytes(count) },
    disk: createDiskModel(context, life, profile.disk, profile.diskLane, device.health),
    locks: device.locks.of(life),
    tools: simulatedTools,
    log: {
      warn(event, fields) {
        lookForSecrets(`log ${event}`, [event, fields]);
        context.trace.add(context.elapsed(), `${life.name} warns: ${event}`);
      },
    },
  };
  const useGrant = (next: SimulatedGrant | null): Bucket | null => {
    grant = next;
    if (next === null) return null;
    return createGrantedBucket({
      context,
      model: sim.bucket,
      life,
      grant: next,
      clock: device.clock,
      isOnline: () => device.isOnline,
      urges: () => urges,
      wrote: (write, replaced, isLate) => sim.wrote(write, replaced, isLate),
      answered: (replica, name, found) => sim.answered(device, replica, name, found),
    });
  };
  const { registry } = device;
  const ready = createDeferred<Incarnation>();
  const engine = await createEngine({
    world,
    openStorage: () =>
      createStorageModel(context, life, profile.storage, profile.storageLane, device.health),
    peerId: `worker-${life.name}` as PeerId,
    replica: registry.isSignedIn ? (registry.grant?.replica ?? null) : null,
    lockName: `${device.name} writer`,
    tuning: context.tuning,
    changed() {},
    expired: () => keeper.refused(),
    newcomer: () => keeper.newcomer(),
    cloned() {
      counters.count("fled from its id");
      void ready.promise.then((self) => sim.flee(self));
    },
    superseded() {
      counters.count("superseded an incarnation");
      observed.superseded.add(life.name);
      sim.retire(device, life);
    },
  });
  engine.repo.networkSubsystem.on("message", (message) => {
    if (message.type === "doc-unavailable") sim.toldUnavailable(incarnation, message.documentId);
  });
  const keeper = createGrantKeeperModel({
    context,
    signer: sim.signer,
    device,
    life,
    timers,
    random: world.random,
    use(next) {
      urges++;
      engine.use(useGrant(next));
    },
  });

  const seen = new Map<DocumentId, readonly string[]>();
  /** I10: what was shown once is shown from then on. */
  const watch = (handle: Handle): void => {
    if (seen.has(handle.documentId)) return;
    seen.set(handle.documentId, []);
    const look = (): void => {
      if (!life.isAlive || !handle.isReady()) return;
      const doc = handle.doc();
      const before = seen.get(handle.documentId)!;
      if (!A.hasHeads(doc, [...before]))
        observed.stepsBack.push(`${life.name} shows less of ${handle.documentId} than before`);
      seen.set(handle.documentId, A.getHeads(doc));
    };
    handle.on("heads-changed", look);
    look();
  };

  const note = (document: string, hash: string, deps: readonly string[]): Edit | null => {
    if (observed.edits.some((edit) => edit.document === document && edit.hash === hash))
      return null;
    const edit: Edit = {
      document,
      hash,
      deps,
      device: device.name,
      life: life.name,
      at: scheduler.now,
      signedOut: !registry.isSignedIn,
      storedAt: null,
      inBucketAt: null,
      inBucketBy: null,
      excused: null,
    };
    observed.edits.push(edit);
    return edit;
  };

  /** Begins a document with a first change that others may have made as well. */
  const begin = (handle: Handle, first: Uint8Array): void => {
    handle.update((doc) => A.loadIncremental(doc, first));
    for (const { hash } of sim.contents.changesOf(first)) note(handle.documentId, hash, []);
  };

  const open = async ({ id, birth }: SimulatedDocument): Promise<Handle> => {
    const handle = await engine.open(id);
    watch(handle);
    if (birth !== null) {
      begin(handle, birth);
      await engine.documents.store(handle);
    }
    return handle;
  };

  const awaitBucket = (edit: Edit): void => {
    engine.inBucket(edit.document as DocumentId, [edit.hash]).then(
      () => {
        if (!life.isAlive) return;
        edit.inBucketAt = scheduler.now;
        edit.inBucketBy = grant?.replica ?? null;
        checkAcknowledged(sim, edit);
      },
      () => undefined,
    );
  };

  const store = async (handle: Handle, edit: Edit): Promise<void> => {
    for (let attempt = 0; attempt < storeAttemptsMax; attempt++) {
      if ((await engine.documents.store(handle)) === undefined) continue;
      if (!life.isAlive) return;
      edit.storedAt = scheduler.now;
      profile.stored.add(edit);
      return;
    }
  };

  const incarnation: Incarnation = {
    life,
    device,
    profile,
    engine,
    keeper,
    get grant() {
      return grant;
    },
    open,
    async edit(document, kind, create) {
      const handle = await open(document);
      if (!handle.isReady() && create) begin(handle, firstChange(random));
      if (!handle.isReady() || !life.isAlive) return;
      const deps = A.getHeads(handle.doc());
      handle.change((doc) => applyEdit(doc as Content, kind, random));
      const heads = A.getHeads(handle.doc());
      const [hash] = heads;
      // An edit that changes nothing makes no change.
      const edit = heads.length === 1 ? note(document.id, hash!, deps) : null;
      if (edit === null) return;
      if (random.chance(acknowledgedShare)) awaitBucket(edit);
      await store(handle, edit);
    },
    conditions() {
      urges++;
      engine.conditions({ online: device.isOnline, visible: device.isVisible });
      if (device.isOnline) keeper.hasten();
    },
    inspectStatus() {
      lookForSecrets("status", engine.status());
      countStates(incarnation, context);
    },
  };
  engine.use(useGrant(registry.isSignedIn ? registry.grant : null));
  ready.resolve(incarnation);
  return incarnation;
}

/** All that can be read out of a value, the causes of errors included. */
function textOf(value: unknown): string {
  if (value instanceof Error) return `${value.message} ${textOf(value.cause)}`;
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      inner instanceof Error ? textOf(inner) : inner instanceof Uint8Array ? null : inner,
    ) ?? ""
  );
}
