import type { DocumentId } from "@automerge/automerge-repo/slim";
import { expect, test } from "vitest";
import { PresyncError } from "../../shared/errors.ts";
import { dirtyKey, openDirtySet } from "./dirty-set.ts";
import { createMemoryDisk } from "./memory-world.ts";
import { openReplicaDisk } from "./replica-disk.ts";

const id = "4NMNnkMhL8jXrdJ9jamS58PAVdXu" as DocumentId;

test("a mark is durable when it is acknowledged, and survives a restart", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  await dirty.mark(id);
  expect(disk.values.has(dirtyKey(id))).toBe(true);
  const after = await openDirtySet(await openReplicaDisk(disk), () => {});
  expect(after.ids()).toEqual([id]);
});

test("a document that changed while it was published stays dirty", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  await dirty.mark(id);
  const snapshot = dirty.snapshot();
  await dirty.mark(id);
  await dirty.clean([id], snapshot);
  expect(dirty.has(id)).toBe(true);
  await dirty.clean([id], dirty.snapshot());
  expect(disk.values.has(dirtyKey(id))).toBe(false);
});

test("a mark that comes while the cleaning is written is not lost", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  await dirty.mark(id);
  const cleaning = dirty.clean([id], dirty.snapshot());
  const marking = dirty.mark(id);
  await Promise.all([cleaning, marking]);
  expect(disk.values.has(dirtyKey(id))).toBe(true);
  expect(dirty.has(id)).toBe(true);
});

test("what could not be written is not taken for written", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  await dirty.mark(id);
  const { commit } = disk;
  disk.commit = async () => {
    throw new PresyncError("disk-full", "full");
  };
  await expect(dirty.clean([id], dirty.snapshot())).rejects.toMatchObject({ code: "disk-full" });
  expect(dirty.has(id)).toBe(true);
  const other = "2iARkSKLfFw8ZYcHd4y8D6FbKnjd" as DocumentId;
  await expect(dirty.mark(other)).rejects.toMatchObject({ code: "disk-full" });
  expect(dirty.has(other)).toBe(false);
  disk.commit = commit;
  await dirty.mark(other);
  expect(dirty.has(other)).toBe(true);
});

test("a mark that meets another one waits until that is on disk, and fails with it", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  const { commit } = disk;
  let refuse = (): void => {};
  disk.commit = () =>
    new Promise((_resolve, reject) => {
      refuse = () => reject(new PresyncError("disk-full", "full"));
    });
  const all = dirty.markAll([id], {}, 1_000);
  const one = dirty.mark(id);
  refuse();
  await expect(all).rejects.toMatchObject({ code: "disk-full" });
  await expect(one).rejects.toMatchObject({ code: "disk-full" });
  expect(dirty.has(id)).toBe(false);
  disk.commit = commit;
  await dirty.mark(id);
  expect(disk.values.has(dirtyKey(id))).toBe(true);
});

test("marks that the disk refuses one after the other leave nothing behind that is refused for ever", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  const { commit } = disk;
  const refusals: (() => void)[] = [];
  disk.commit = () =>
    new Promise((_resolve, reject) => {
      refusals.push(() => reject(new PresyncError("disk-full", "full")));
    });
  const one = dirty.mark(id);
  const all = dirty.markAll([id], {});
  const another = dirty.mark(id);
  const failed = Promise.allSettled([one, all, another]);
  for (const refuse of refusals) refuse();
  expect((await failed).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(dirty.has(id)).toBe(false);
  disk.commit = commit;
  await dirty.mark(id);
  expect(disk.values.has(dirtyKey(id))).toBe(true);
});

test("a mark whose own transaction failed is on disk with the one that met it", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  const { commit } = disk;
  disk.commit = async () => {
    throw new PresyncError("disk-full", "full");
  };
  const one = dirty.mark(id);
  disk.commit = commit;
  const all = dirty.markAll([id], {});
  const another = dirty.mark(id);
  await expect(one).rejects.toMatchObject({ code: "disk-full" });
  await Promise.all([all, another]);
  expect(dirty.has(id)).toBe(true);
  expect(disk.values.has(dirtyKey(id))).toBe(true);
});

test("a cleaning that fails brings no mark back that the disk refused", async () => {
  const disk = createMemoryDisk();
  const dirty = await openDirtySet(await openReplicaDisk(disk), () => {});
  const { commit } = disk;
  disk.commit = async () => {
    throw new PresyncError("disk-full", "full");
  };
  const marking = dirty.mark(id);
  const cleaning = dirty.clean([id], dirty.snapshot());
  await Promise.allSettled([marking, cleaning]);
  disk.commit = commit;
  await dirty.mark(id);
  expect(disk.values.has(dirtyKey(id))).toBe(true);
});

test("a mark may be held, prolonged, and made due; a hold for another reason is not prolonged", async () => {
  const dirty = await openDirtySet(await openReplicaDisk(createMemoryDisk()), () => {});
  const due = (now: number): boolean => [...dirty.due(now)].includes(id);
  await dirty.mark(id, 1_000);
  expect([due(999), due(1_000), dirty.nextAt(0)]).toEqual([false, true, 1_000]);
  await dirty.mark(id, 2_000);
  expect([due(1_500), dirty.nextAt(1_500)]).toEqual([false, 2_000]);
  await dirty.mark(id);
  expect(due(0)).toBe(true);
  // A mark that turns out to be about nothing of this device's own.
  await dirty.mark(id, 3_000);
  expect(due(0)).toBe(false);

  await dirty.clean([id], dirty.snapshot());
  await dirty.markAll([id], {}, 1_000);
  await dirty.mark(id, 5_000);
  expect(due(1_000)).toBe(true);
});
