/**
 * What must be there, and what may be lost. An edit that was stored on a device must be on its disk whenever it is
 * looked at. An edit that the bucket acknowledged may be lost only in one way: the copy in the bucket was taken away by
 * what the protocol cannot prevent (the store's owner deleted or rolled it back; a clone that had not looked yet wrote
 * over it; a late PUT of an older manifest landed), and before anybody put it back every device that held it then was
 * lost as well, or its disk. Such an edit is exposed by the first, and excused by the second: what an engine itself throws
 * away is not.
 */
import type { ReplicaId } from "../../shared/keys.ts";
import type { Changes } from "./contents.ts";
import type { Device } from "./device.ts";
import type { DurableMap } from "./durable-map.ts";
import { groupBy } from "./group-by.ts";
import type { Edit } from "./observed.ts";
import type { Simulation } from "./simulation.ts";

const inspected = new WeakMap<DurableMap, string>();

/** Looks whether a device's databases hold what was acknowledged as stored there. */
export function inspectStored(sim: Simulation, device: Device): void {
  const { context } = sim;
  for (const { storage, stored } of [device.user, device.signedOut]) {
    const state = `${storage.version} ${stored.size}`;
    // What has been looked at and not changed since needs no second look.
    if (stored.size === 0 || inspected.get(storage) === state) continue;
    inspected.set(storage, state);
    const there: Changes = new Map();
    const unsound = sim.contents.ofStorage(storage.values, there);
    for (const key of unsound) context.observed.unsound.push(`${device.name} has stored ${key}`);
    const missing = [...stored].filter(({ document, hash }) => !there.get(document)?.has(hash));
    context.observed.inspections.push({
      device: device.name,
      at: context.scheduler.now,
      missing: missing.map(({ document, hash, life }) => `${hash} of ${document}, by ${life}`),
    });
  }
}

/** What a cold reader would find in the whole bucket. */
function bucketChanges(sim: Simulation): Changes {
  const all: Changes = new Map();
  const { signer, bucket } = sim;
  for (const replica of signer.assigned)
    sim.contents.ofPrefix(bucket.below(signer.namespace, replica), all);
  return all;
}

/** What lies in the bucket, also in objects that no manifest names yet. */
export function objectChanges(sim: Simulation): Changes {
  const all: Changes = new Map();
  const { signer, bucket } = sim;
  for (const replica of signer.assigned)
    sim.contents.ofObjects(bucket.below(signer.namespace, replica), all);
  return all;
}

export function prefixChanges(sim: Simulation, replica: ReplicaId): Changes {
  const found: Changes = new Map();
  sim.contents.ofPrefix(sim.bucket.below(sim.signer.namespace, replica), found);
  return found;
}

interface Exposure {
  readonly cause: string;
  /** Who has had it since then, but for those who lost it with their disk. */
  readonly holders: Set<Device>;
}

/** Edits that were in the bucket and have been taken away, until they are there again. */
const exposed = new WeakMap<Edit, Exposure>();

/** What each device that is not gone has: stored, or waiting in its inbox. */
function holdings(sim: Simulation): Map<Device, Changes> {
  const found = new Map<Device, Changes>();
  for (const device of sim.devices) {
    if (device.isGone) continue;
    const held: Changes = new Map();
    for (const { storage, disk } of [device.user, device.signedOut]) {
      sim.contents.ofStorage(storage.values, held);
      sim.contents.ofInbox(disk.values, held);
    }
    found.set(device, held);
  }
  return found;
}

function holdersOf({ document, hash }: Edit, held: ReadonlyMap<Device, Changes>): Device[] {
  return [...held].flatMap(([device, changes]) =>
    changes.get(document)?.has(hash) === true ? [device] : [],
  );
}

function exposeEdit(edit: Edit, cause: string, held: ReadonlyMap<Device, Changes>): void {
  const holders = new Set([...(exposed.get(edit)?.holders ?? []), ...holdersOf(edit, held)]);
  exposed.set(edit, { cause, holders });
}

/** A device loses its disk, or what came to it last: for what it had until then, it answers no longer. */
export function loseDisk(sim: Simulation, device: Device, lose: () => void): void {
  const { edits } = sim.context.observed;
  if (!edits.some((edit) => exposed.has(edit))) return lose();
  const before = holdings(sim);
  reckon(sim, bucketChanges(sim), before);
  lose();
  const after = holdings(sim);
  for (const edit of edits)
    if (holdersOf(edit, before).includes(device) && !holdersOf(edit, after).includes(device))
      exposed.get(edit)?.holders.delete(device);
  reckon(sim, bucketChanges(sim), after);
}

/** Something below a prefix was taken away: what was only there is exposed. */
export function expose(sim: Simulation, before: Changes, cause: string): void {
  const after = bucketChanges(sim);
  const held = holdings(sim);
  for (const edit of sim.context.observed.edits) {
    const { document, hash } = edit;
    if (after.get(document)?.has(hash) === true) exposed.delete(edit);
    else if (before.get(document)?.has(hash) === true) exposeEdit(edit, cause, held);
  }
  reckon(sim, after, held);
}

/** A device, or what the bucket had, was lost: what nobody has any more is excused, if it was exposed before. */
export function reckon(
  sim: Simulation,
  bucket: Changes = bucketChanges(sim),
  held: ReadonlyMap<Device, Changes> = holdings(sim),
): void {
  const applied: Changes = new Map();
  for (const device of held.keys())
    for (const { storage } of [device.user, device.signedOut])
      sim.contents.ofStorage(storage.values, applied);
  for (const edit of sim.context.observed.edits) {
    const { document, hash } = edit;
    if (bucket.get(document)?.has(hash) === true) exposed.delete(edit);
    const exposure = exposed.get(edit);
    if (exposure === undefined) continue;
    for (const device of holdersOf(edit, held)) exposure.holders.add(device);
    if ([...exposure.holders].every(({ isGone }) => isGone)) edit.excused ??= exposure.cause;
  }
  excuseHeirs(sim.context.observed.edits, applied);
}

/** What builds on an excused edit can never be applied by who does not have it applied already. */
function excuseHeirs(edits: readonly Edit[], applied: Changes): void {
  const excused = new Map(
    edits.filter((edit) => edit.excused !== null).map((edit) => [edit.hash, edit]),
  );
  for (const edit of edits) {
    const lost = edit.deps.find((hash) => excused.has(hash));
    if (edit.excused !== null || lost === undefined) continue;
    if (applied.get(edit.document)?.has(edit.hash) === true) continue;
    edit.excused = `it builds on what is lost: ${excused.get(lost)!.excused}`;
    // Edits are listed in the order in which they were made: its own heirs come later.
    excused.set(edit.hash, edit);
  }
}

/** Documents of which something was taken away and is not there again, though somebody has it. */
export function exposedDocuments(sim: Simulation): Set<string> {
  reckon(sim);
  const { edits } = sim.context.observed;
  const found = edits.filter((edit) => exposed.has(edit) && edit.excused === null);
  return new Set(found.map(({ document }) => document));
}

/** Documents that two devices have published under one id: clones that wrote at once. */
export function forkedDocuments({ context }: Simulation): Set<string> {
  const found = new Set<string>();
  const groups = groupBy(context.observed.writes, ({ replica }) => replica);
  for (const writes of groups.values()) {
    if (new Set(writes.map(({ device }) => device)).size < 2) continue;
    for (const { documents } of writes) for (const document of documents) found.add(document);
  }
  return found;
}

/** An edit is said to be in the bucket: is it? */
export function checkAcknowledged(sim: Simulation, edit: Edit): void {
  const { document, hash, life } = edit;
  if (exposed.has(edit) || bucketChanges(sim).get(document)?.has(hash) === true) return;
  const { writes } = sim.context.observed;
  const writers = writes.filter(({ replica }) => replica === edit.inBucketBy);
  // Of two clones that write at once, each may write over what the other is about to name.
  if (new Set(writers.map(({ device }) => device)).size > 1) {
    exposeEdit(edit, "clones wrote at once", holdings(sim));
    return;
  }
  sim.context.observed.premature.push(`${hash} of ${document}, said ${life}`);
}
