import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { describeDisk } from "../engine/disk.conformance.ts";
import { deleteDatabase, openIndexedDbDisk } from "./indexeddb-disk.ts";

let count = 0;

describe("a disk in IndexedDB", () => {
  describeDisk(() => openIndexedDbDisk(`disk ${++count}`));
});

test("what was committed is there for the next one to open it", async () => {
  const name = `disk ${++count}`;
  const disk = openIndexedDbDisk(name);
  await disk.commit({ put: { a: 1 } });
  disk.close();
  await expect(disk.read("a")).rejects.toMatchObject({ code: "closed" });
  const again = openIndexedDbDisk(name);
  expect(await again.read("a")).toBe(1);
  again.close();
});

test("an open disk lets its database be deleted, and begins anew", async () => {
  const name = `disk ${++count}`;
  const disk = openIndexedDbDisk(name);
  await disk.commit({ put: { a: 1 } });
  await deleteDatabase(name);
  expect(await disk.read("a")).toBeUndefined();
  await disk.commit({ put: { a: 2 } });
  expect(await disk.read("a")).toBe(2);
  disk.close();
});
