/** The end of a run in words, for whoever looks into a seed: what the bucket holds, and what each device remembers. */
import type { Changes } from "./contents.ts";
import { currentProfile } from "./device.ts";
import { prefixChanges } from "./exposure.ts";
import { manifestName } from "../../shared/keys.ts";
import type { Simulation } from "./simulation.ts";

const shortLength = 8;

export function describe(sim: Simulation): string[] {
  const { signer, bucket, devices } = sim;
  const lines: string[] = [];
  for (const replica of signer.assigned) {
    const objects = bucket.below(signer.namespace, replica);
    const top = objects.get(manifestName)?.decoded;
    lines.push(`${replica}: ${[...objects.keys()].join(" ")}`);
    if (top?.kind === "manifest") {
      const { slots, tail } = top.manifest;
      const ranges = slots.map(
        ({ level, slot, first, last, generation }) =>
          `${level}/${slot}=${first}-${last}@${generation}`,
      );
      lines.push(
        `  generation ${top.generation}, ${ranges.join(" ")} tail ${tail.first}-${tail.last}`,
      );
    }
    lines.push(...changesIn(prefixChanges(sim, replica)));
  }
  for (const device of devices) {
    const { isGone, registry } = device;
    lines.push(`${device.name}: ${registry.grant?.replica ?? "no id"}${isGone ? ", gone" : ""}`);
    const { disk, storage } = currentProfile(device);
    for (const [key, value] of [...disk.values].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      lines.push(`  ${key} ${short(value)}`);
    const stored: Changes = new Map();
    sim.contents.ofStorage(storage.values, stored);
    lines.push(...changesIn(stored));
  }
  return lines;
}

function changesIn(changes: Changes): string[] {
  return [...changes].map(
    ([document, hashes]) =>
      `  ${document}: ${[...hashes].map((hash) => hash.slice(0, shortLength)).join(" ")}`,
  );
}

function short(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Uint8Array) return `${inner.length} bytes`;
    return typeof inner === "string" && inner.length > 40 ? inner.slice(0, shortLength) : inner;
  });
  return (text ?? "").slice(0, 200);
}
