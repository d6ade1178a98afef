/**
 * Brings what was made signed out into the user's databases, in the manner of `merge-users.ts`: each document is marked
 * dirty before its first chunk is copied; copied first, erased afterwards; both may be repeated.
 */
import { dirtyKey } from "../engine/dirty-set.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import { createDiskModel } from "./disk-model.ts";
import type { Life } from "./life.ts";
import { createStorageModel } from "./storage-model.ts";

export async function mergeSignedOut(context: Context, device: Device, life: Life): Promise<void> {
  const { user, signedOut, health, registry } = device;
  const source = createStorageModel(
    context,
    life,
    signedOut.storage,
    signedOut.storageLane,
    health,
  );
  const target = createStorageModel(context, life, user.storage, user.storageLane, health);
  const disk = createDiskModel(context, life, user.disk, user.diskLane, health);
  const marked = new Set<string>();
  for (const { key, data } of await source.loadRange([])) {
    const [documentId, kind] = key;
    if (documentId === undefined || data === undefined) continue;
    if (kind !== "snapshot" && kind !== "incremental") continue;
    if (!marked.has(documentId)) {
      marked.add(documentId);
      await disk.commit({ put: { [dirtyKey(documentId)]: true } });
    }
    await target.save(key, data);
  }
  for (const edit of signedOut.stored) user.stored.add(edit);
  signedOut.stored.clear();
  registry.isClaimed = false;
  for (const document of marked) await source.removeRange([document]);
  const guest = createDiskModel(context, life, signedOut.disk, signedOut.diskLane, health);
  const keys = await guest.keys("");
  await guest.commit({ remove: keys.filter((key) => key !== "incarnation") });
  context.counters.count("merged what was made signed out");
}
