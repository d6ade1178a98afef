/** What a story whose every step is written down is told with: the crash enumeration's, and the scenarios'. */
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { Device } from "./device.ts";
import type { EditKind, SimulatedDocument } from "./edits.ts";
import { expose, objectChanges } from "./exposure.ts";
import type { SeededRandom } from "./random.ts";
import type { Simulation } from "./simulation.ts";
import { addDevice } from "./story.ts";

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

/** Somebody takes a device's manifest out of the bucket. */
export function removeManifest(sim: Simulation, device: Device): void {
  const { bucket, context, signer } = sim;
  const replica = device.registry.grant?.replica;
  if (replica === undefined) throw new Error(`${device.name} has no replica id`);
  const key = objectKey(signer.namespace, replica, manifestName);
  const before = objectChanges(sim);
  bucket.remove(key, context.scheduler.now);
  context.observed.tamperings.push({ key, at: context.scheduler.now });
  expose(sim, before, "manifest deleted");
}
