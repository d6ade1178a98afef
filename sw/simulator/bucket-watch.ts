/** Watches the bucket from outside: what was written over, what was repaired, who met what. */
import type { SlotRange } from "../../shared/codecs/manifest.ts";
import type { StoredState } from "../engine/replica-state.ts";
import { stateKey } from "../engine/replica-state.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { BucketModel, StoredObject } from "./bucket-model.ts";
import type { Changes, Contents } from "./contents.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import { expose } from "./exposure.ts";
import type { Write } from "./observed.ts";
import type { Simulation } from "./simulation.ts";

/** Whether a lower slot of the same level is free but for a PUT that may still land. */
function avoidsQuarantined(
  { devices }: Simulation,
  { device: name, name: object }: Write,
  listed: readonly SlotRange[],
): boolean {
  const device = devices.find((candidate) => candidate.name === name);
  const state = device?.user.disk.values.get(stateKey) as StoredState | undefined;
  const [, level, slot] = object.split("/").map(Number);
  return Object.entries(state?.quarantine ?? {}).some(([key, until]) => {
    const [otherLevel, otherSlot] = key.split("/").map(Number);
    return (
      otherLevel === level &&
      otherSlot! < slot! &&
      until > device!.clock.now() &&
      !listed.some((range) => range.level === otherLevel && range.slot === otherSlot)
    );
  });
}

export function createBucketWatch(
  context: Context,
  bucket: BucketModel,
  contents: Contents,
  simulation: () => Simulation,
): Pick<Simulation, "wrote" | "answered" | "lastSeen"> {
  const { counters, observed } = context;
  /** The manifest that a device has last seen of a replica. */
  const shown = new Map<string, StoredObject>();
  const journals = new Map<string, string>();

  const countWrite = (write: Write, replaced: StoredObject | undefined, isLate: boolean): void => {
    if (isLate) counters.count("landed a PUT after its retry");
    const { namespace } = simulation().signer;
    const key = objectKey(namespace, write.replica as ReplicaId, write.name);
    const journal = `${key} ${write.fingerprint}`;
    const firstBy = journals.get(journal);
    if (firstBy === undefined) journals.set(journal, write.life);
    else if (firstBy !== write.life) counters.count("replayed a journal after a kill");
    const acknowledged = observed.writes.findLast(
      (other) =>
        other.replica === write.replica && other.manifest !== null && other.acknowledgedAt !== null,
    );
    const slots = acknowledged?.manifest?.slots ?? [];
    if (write.range !== null) {
      const { first, last } = write.range;
      const inside = slots.filter((slot) => slot.first >= first && slot.last <= last);
      counters.count(inside.length > 1 ? "merged segments" : "spilled to a segment");
      if (last < first) counters.count("emptied a superseded slot");
      if (inside.length > 1 && !write.name.startsWith("seg/0/"))
        counters.count("merged over levels");
      if (avoidsQuarantined(simulation(), write, slots))
        counters.count("avoided a quarantined slot");
    }
    if (write.manifest === null || acknowledged === undefined || isLate) return;
    const isOlder =
      replaced?.decoded == null || replaced.decoded.generation < acknowledged.generation;
    if (isOlder && replaced?.writer !== undefined && firstBy === undefined)
      counters.count("repaired its own manifest");
    if (write.manifest.tail.documents.length > 0 && write.size > 2_000)
      counters.count("outgrew the tail without a free slot");
  };

  /** Some time later: nobody has written over the manifest that says so with another one. */
  const buryIfKept = (write: Write): void => {
    if (write.acknowledgedAt !== null) buryAdopted(write);
  };

  /** As the service does it: only what a live replica has taken over as it is now may go. */
  const buryAdopted = ({ manifest }: Write): void => {
    const { signer } = simulation();
    for (const { replica, generation } of manifest?.adopted ?? []) {
      const objects = bucket.below(signer.namespace, replica);
      const present = objects.get(manifestName)?.decoded?.generation;
      if (!signer.isRetired(replica) || present !== generation) continue;
      counters.count("adopted a replica");
      signer.bury(replica);
      for (const name of objects.keys())
        bucket.remove(objectKey(signer.namespace, replica, name), context.scheduler.now);
    }
  };

  return {
    wrote(write, replaced, isLate) {
      countWrite(write, replaced, isLate);
      if ((write.manifest?.unreadable.length ?? 0) > 0) counters.count("complained of a segment");
      // The one that took over goes on with what it lists.
      if (write.acknowledgedAt === null) context.scheduler.after(1_000, () => buryIfKept(write));
      if (replaced === undefined) return;
      const { namespace } = simulation().signer;
      const replica = write.replica as ReplicaId;
      const isForeign = replaced.writer !== null && replaced.writer !== write.device;
      const isOlder =
        isLate && replaced.decoded !== null && replaced.decoded.generation > write.generation;
      if (!isForeign && !isOlder) return;
      observed.tamperings.push({
        key: objectKey(namespace, replica, write.name),
        at: context.scheduler.now,
      });
      const before: Changes = new Map();
      const objects = bucket.below(namespace, replica);
      contents.ofPrefix(new Map(objects).set(write.name, replaced), before);
      expose(simulation(), before, isForeign ? "a clone wrote over it" : "a late PUT landed");
    },
    lastSeen: (device, replica) => shown.get(`${device.name} ${replica}`)?.etag,
    answered(device: Device, replica, name, found) {
      const where = `${device.name} ${replica}`;
      if (name === manifestName) {
        if (found !== null) shown.set(where, found);
        return;
      }
      const manifest = shown.get(where)?.decoded;
      if (manifest?.kind !== "manifest") return;
      const range = manifest.manifest.slots.find(
        ({ level, slot }) => name === `seg/${level}/${slot}`,
      );
      if (range !== undefined && found?.decoded?.generation !== range.generation)
        counters.count("met a reused slot");
    },
  };
}
