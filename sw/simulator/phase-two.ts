/**
 * Phase two: everything is well again, everybody is there and looks at everything. The replicas must come to rest within
 * a bound of virtual time; then a cold new device comes, and must come to the same.
 */
import * as A from "@automerge/automerge/slim";
import { manifestName } from "../../shared/keys.ts";
import type { Device } from "./device.ts";
import { canonicalJson } from "./edits.ts";
import { capabilities } from "./capabilities.ts";
import { judgeActor } from "./contents.ts";
import { exposedDocuments, forkedDocuments } from "./exposure.ts";
import type { Incarnation } from "./incarnation.ts";
import type { HeldDocument, Holding, Write } from "./observed.ts";
import type { Simulation } from "./simulation.ts";

const minuteMs = 60_000;

/**
 * A slot of unknown fate rests for 15 minutes, silent peers are asked once an hour, late PUTs land meanwhile; and what
 * others lost is wanted for a day before anybody publishes it anew. */
const restMsMax = 30 * 60 * minuteMs;
/** A late PUT may still be under way when everything is healed. */
const lateMs = 15 * minuteMs;
const lookMs = 5_000;
const visitMs = 20_000;

export async function bringToRest(sim: Simulation, addCold: () => Device): Promise<void> {
  const { context, devices, signer } = sim;
  const { scheduler, faults } = context;
  faults.heal();
  signer.isDown = false;
  const end = scheduler.now + restMsMax;
  const settle = (device: Device): void => {
    device.isOnline = true;
    device.health.fullUntil = 0;
    device.clock.mend();
    device.registry.isRevoked = false;
    if (!device.registry.isSignedIn) {
      sim.stop(device, "killed");
      Object.assign(device.registry, { isSignedIn: true, isClaimed: true });
    }
    for (const incarnation of device.running) incarnation.conditions();
  };
  const show = (device: Device): void => {
    device.sessionUntil = Number.POSITIVE_INFINITY;
    device.isVisible = true;
    sim.start(device);
    for (const incarnation of device.running) incarnation.conditions();
  };
  const live = (): Device[] => devices.filter(({ isGone }) => !isGone);
  for (const device of live()) settle(device);
  await scheduler.runUntil(scheduler.now + lateMs);
  for (const device of live()) show(device);
  await scheduler.runUntil(scheduler.now + lookMs);
  // Some days later: who took an id and gave it up unused has used up what the older grants reserve.
  for (const { running } of live()) running.at(-1)?.keeper.renew();
  await untilAtRest(sim, live(), end);
  show(addCold());
  await untilAtRest(sim, live(), scheduler.now + restMsMax);
  const unrest = unrestOf(sim, live(), true);
  context.observed.unrest.push(...unrest);
  for (const document of unhealed(sim)) context.observed.unhealed.add(document);
  for (const document of exposedDocuments(sim)) context.observed.stillLost.add(document);
  for (const device of live()) context.observed.holdings.push(holdingOf(sim, device));
  observeBucket(sim, live());
}

/** Looks at every device again and again, as people do, until nothing is left to be done. */
async function untilAtRest(sim: Simulation, live: readonly Device[], end: number): Promise<void> {
  const { scheduler } = sim.context;
  while (scheduler.now < end) {
    for (const device of live) visit(sim, device);
    const next = scheduler.now + visitMs;
    while (scheduler.now < next) {
      await scheduler.runUntil(scheduler.now + lookMs);
      if (unrestOf(sim, live, false).length === 0 && isWhole(sim)) return;
    }
    if (unrestOf(sim, live, true).length === 0 && isWhole(sim)) return;
  }
}

/** An hour may pass until an owner who does not react to complaints is given up, and others publish what it had. */
function isWhole(sim: Simulation): boolean {
  return !capabilities.lostSources || exposedDocuments(sim).size === 0;
}

function visit(sim: Simulation, device: Device): void {
  sim.start(device);
  const incarnation = device.running.at(-1);
  if (incarnation === undefined) return;
  incarnation.inspectStatus();
  for (const { id } of sim.documents)
    if (incarnation.engine.documents.receptive(id) === undefined)
      incarnation.engine.open(id).catch(() => undefined);
}

/**
 * What keeps the replicas from being at rest, in words; `isLenient` looks into what nobody may ask for yet, which takes
 * longer.
 */
function unrestOf(sim: Simulation, live: readonly Device[], isLenient: boolean): string[] {
  const unrest: string[] = [];
  const owners = new Map<string, string>();
  const parted = new Map<string, string>();
  const heads = new Map<string, string>();
  for (const device of live) {
    const incarnation = device.running.at(-1);
    if (incarnation === undefined) {
      unrest.push(`${device.name} is not running`);
      continue;
    }
    const { bucket, pending } = incarnation.engine.status();
    if (bucket !== "saved")
      unrest.push(`${device.name} is ${bucket} with ${pending.documents} left`);
    const newest = newestManifest(sim, device);
    if (newest !== undefined) {
      // Of two clones the one that was written over has still to look, and to flee.
      const other = owners.get(newest.replica) ?? newest.fingerprint;
      owners.set(newest.replica, other);
      if (other !== newest.fingerprint) unrest.push(`${device.name} is one of two owners`);
    }
    for (const { id } of sim.documents) {
      const found = headsOf(incarnation, id);
      const others = heads.get(id) ?? found;
      heads.set(id, others);
      if (others !== found)
        parted.set(
          id,
          `${device.name} has ${found || "nothing"} of ${id}, others have ${others || "nothing"}`,
        );
    }
  }
  if (parted.size === 0) return unrest;
  const lost = isLenient ? unhealed(sim) : new Set<string>();
  return [...unrest, ...[...parted].filter(([id]) => !lost.has(id)).map(([, what]) => what)];
}

/** What nobody may ask to be whole: as long as the engine does not promise it. */
function unhealed(sim: Simulation): Set<string> {
  const found = new Set<string>(capabilities.lostSources ? [] : exposedDocuments(sim));
  if (!capabilities.forks) for (const document of forkedDocuments(sim)) found.add(document);
  const { edits, superseded } = sim.context.observed;
  if (!capabilities.leftMarks)
    for (const { life, storedAt, document } of edits)
      if (storedAt === null && superseded.has(life)) found.add(document);
  return found;
}

function headsOf(
  { engine }: Incarnation,
  id: Parameters<Incarnation["engine"]["open"]>[0],
): string {
  const handle = engine.documents.loaded(id);
  return handle === undefined ? "" : A.getHeads(handle.doc()).toSorted().join();
}

function holdingOf(sim: Simulation, device: Device): Holding {
  const documents = new Map<string, HeldDocument>();
  const changes = new Map<string, Set<string>>();
  const incarnation = device.running.at(-1);
  for (const { id } of sim.documents) {
    const handle = incarnation?.engine.documents.loaded(id);
    if (handle === undefined) continue;
    const doc = handle.doc();
    // What a handle shows may be wrong (see `capabilities.views`); what it holds is not.
    const reloaded = A.load(A.save(doc), { actor: judgeActor });
    documents.set(id, {
      heads: A.getHeads(doc).toSorted().join(),
      json: canonicalJson(reloaded),
      shown: canonicalJson(doc),
    });
    A.free(reloaded);
    changes.set(id, new Set(A.getChangesMetaSince(doc, []).map(({ hash }) => hash)));
  }
  const stored = [...device.user.stored, ...device.signedOut.stored];
  return { device: device.name, isCold: device === sim.devices.at(-1), documents, changes, stored };
}

/** What it wrote last as the replica it is now, of what was acknowledged. */
function newestManifest({ context }: Simulation, { name, registry }: Device): Write | undefined {
  return context.observed.writes
    .filter(({ device, replica }) => device === name && replica === registry.grant?.replica)
    .filter(({ manifest, acknowledgedAt }) => manifest !== null && acknowledgedAt !== null)
    .toSorted((a, b) => a.generation - b.generation)
    .at(-1);
}

function observeBucket(sim: Simulation, live: readonly Device[]): void {
  const { observed } = sim.context;
  const { bucket, signer } = sim;
  let compacted = 0;
  for (const { id } of sim.documents) {
    const handle = live[0]?.running.at(-1)?.engine.documents.loaded(id);
    if (handle !== undefined) compacted += A.save(handle.doc()).length;
  }
  for (const replica of signer.assigned) {
    const objects = bucket.below(signer.namespace, replica);
    const bytes = [...objects.values()].reduce((sum, object) => sum + object.bytes.length, 0);
    observed.prefixes.push({
      replica,
      objects: objects.size,
      objectsMax: 2 + signer.layout.levels * signer.layout.slotsPerLevel,
      bytes,
      compacted,
      isOwned: live.some(({ registry }) => registry.grant?.replica === replica),
    });
  }
  for (const device of live) {
    const replica = device.registry.grant?.replica;
    if (replica === undefined) continue;
    const newest = newestManifest(sim, device);
    const found = bucket.below(signer.namespace, replica).get(manifestName);
    const isTwin = found !== undefined && found.etag === sim.lastSeen(device, replica);
    const inBucket = found?.decoded?.generation ?? null;
    const acknowledged = newest?.generation ?? 0;
    observed.manifestsAtEnd.push({
      device: device.name,
      replica,
      acknowledged,
      fingerprint: newest?.fingerprint ?? null,
      inBucket: isTwin && !capabilities.lateTwins ? acknowledged : inBucket,
    });
  }
}
