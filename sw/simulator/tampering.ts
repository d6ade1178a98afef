/**
 * What somebody with the bucket's key does to it: takes objects away, puts old ones back, damages them, puts in what is
 * no object of ours, or what looks like one and is nonsense.
 */
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import { capabilities } from "./capabilities.ts";
import { objectChanges, expose } from "./exposure.ts";
import type { FaultKind } from "./faults.ts";
import { nonsenseManifest } from "./nonsense.ts";
import type { SeededRandom } from "./random.ts";
import type { Simulation } from "./simulation.ts";

/** Where an envelope has its format version. */
const versionAt = 4;

export function tamper(sim: Simulation, random: SeededRandom): void {
  const { context, bucket, signer } = sim;
  const { faults, scheduler, observed } = context;
  const victims = signer.assigned;

  const change = (
    kind: FaultKind,
    keys: readonly string[],
    action: (key: string) => void,
  ): void => {
    const before = objectChanges(sim);
    for (const key of keys) {
      context.trace.add(context.elapsed(), `${kind}: ${key}`);
      action(key);
      observed.tamperings.push({ key, at: scheduler.now });
    }
    expose(sim, before, kind);
  };
  const now = (): number => scheduler.now;
  const write = (key: string, bytes: Uint8Array): void => bucket.write(key, bytes, null, now());
  const remove = (key: string): void => bucket.remove(key, now());
  const rollBack = (key: string): void => {
    const [oldest] = bucket.versions(key);
    if (oldest?.object == null) remove(key);
    else write(key, oldest.object.bytes);
  };
  const damage = (key: string): void => {
    const bytes = bucket.objects.get(key)!.bytes.slice();
    const first = capabilities.versionDamage ? 0 : versionAt + 1;
    const at = first + random.int(bytes.length - first);
    bytes[at] = bytes[at]! ^ (1 << random.int(8));
    write(key, bytes);
  };
  const existing = (replica: ReplicaId, part: string): string[] =>
    [...bucket.below(signer.namespace, replica).keys()]
      .filter((name) => name.startsWith(part))
      .map((name) => objectKey(signer.namespace, replica, name));

  if (victims.length > 0) {
    const victim = random.pick(victims);
    const manifests = existing(victim, manifestName);
    const segments = existing(victim, "seg/").slice(0, 1);
    const all = existing(victim, "");
    if (manifests.length > 0) {
      if (faults.hits("manifest deleted")) change("manifest deleted", manifests, remove);
      else if (faults.hits("manifest rolled back"))
        change("manifest rolled back", manifests, rollBack);
      else if (faults.hits("manifest corrupted")) change("manifest corrupted", manifests, damage);
    }
    if (segments.length > 0 && faults.hits("segment corrupted"))
      change("segment corrupted", segments, damage);
    if (all.length > 0 && faults.hits("prefix deleted")) change("prefix deleted", all, remove);
    if (all.length > 0 && faults.hits("prefix rolled back"))
      change("prefix rolled back", all, rollBack);
  }
  // What is put in newly goes to an id that nobody has yet: far off, so that nobody gets it in this run.
  const stranger = signer.strangers[random.int(signer.strangers.length)];
  if (stranger === undefined) return;
  const key = objectKey(signer.namespace, stranger, manifestName);
  if (faults.hits("foreign object"))
    change("foreign object", [key], () => write(key, random.bytes(random.int(400))));
  if (faults.hits("nonsense object"))
    change("nonsense object", [key], () =>
      write(key, nonsenseManifest(random, stranger, sim.documents)),
    );
}
