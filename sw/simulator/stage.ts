/** What a story whose every step is written down is told with: the crash enumeration's, and the scenarios'. */
import * as A from "@automerge/automerge/slim";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { Device } from "./device.ts";
import type { EditKind, SimulatedDocument } from "./edits.ts";
import { expose, objectChanges, reckon } from "./exposure.ts";
import type { SeededRandom } from "./random.ts";
import type { Simulation } from "./simulation.ts";
import { addDevice } from "./story.ts";

/** Time to open a document, and to bring what waits for it into it. */
const openMs = 10_000;

/** A new device, signed in, on which somebody works for as long as the story lasts. */
export function openDevice(sim: Simulation, random: SeededRandom): Device {
  const device = addDevice(sim, random);
  Object.assign(device.registry, { isSignedIn: true });
  device.isVisible = true;
  device.sessionUntil = Number.POSITIVE_INFINITY;
  sim.start(device);
  return device;
}

export function pass({ context: { scheduler } }: Simulation, ms: number): Promise<void> {
  return scheduler.runUntil(scheduler.now + ms);
}

/** Begins an edit; what becomes of it is for the judges. */
export function startEdit(
  device: Device,
  document: SimulatedDocument,
  kind: EditKind,
  create = false,
): void {
  device.running
    .at(-1)
    ?.edit(document, kind, create)
    .catch(() => undefined);
}

export function openDocument(device: Device, document: SimulatedDocument): void {
  device.running
    .at(-1)
    ?.open(document)
    .catch(() => undefined);
}

/** The key of one of a device's objects. */
export function keyOf({ signer }: Simulation, { name, registry }: Device, object: string): string {
  if (registry.grant === null) throw new Error(`${name} has no replica id`);
  return objectKey(signer.namespace, registry.grant.replica, object);
}

/** Somebody else, or a late PUT, writes over an object, or takes it away. */
export function tamperWith(
  sim: Simulation,
  key: string,
  bytes: Uint8Array | null,
  cause: string,
): void {
  const { bucket, context } = sim;
  const before = objectChanges(sim);
  const now = context.scheduler.now;
  if (bytes === null) bucket.remove(key, now);
  else bucket.write(key, bytes, null, now);
  context.observed.tamperings.push({ key, at: now });
  expose(sim, before, cause);
}

export function removeManifest(sim: Simulation, device: Device): void {
  tamperWith(sim, keyOf(sim, device, manifestName), null, "manifest deleted");
}

/** A copy of a device's profile, on which somebody works as well. */
export function openClone(sim: Simulation, random: SeededRandom, of: Device): Device {
  const device = addDevice(sim, random, of);
  of.isClone = true;
  device.isVisible = true;
  device.sessionUntil = Number.POSITIVE_INFINITY;
  sim.start(device);
  return device;
}

/** It never comes back. */
export function loseDevice(sim: Simulation, device: Device): void {
  sim.stop(device, "killed");
  device.isGone = true;
  reckon(sim);
}

export function setOnline(device: Device, isOnline: boolean): void {
  device.isOnline = isOnline;
  for (const incarnation of device.running) incarnation.conditions();
}

/** All devices that run show the same by now: sooner than what heals everything within a day. */
export async function expectSame(sim: Simulation): Promise<void> {
  const { context, devices, documents } = sim;
  for (const device of devices) for (const document of documents) openDocument(device, document);
  await pass(sim, openMs);
  for (const { id } of documents) {
    const seen = new Set<string>();
    for (const device of devices) {
      const engine = device.running.at(-1)?.engine;
      if (engine === undefined) continue;
      const handle = engine.documents.loaded(id);
      seen.add(handle === undefined ? "nothing" : A.getHeads(handle.doc()).toSorted().join());
    }
    if (seen.size > 1)
      context.observed.unexpected.push(`${id} differs: ${[...seen].join(" and ")}`);
  }
}
