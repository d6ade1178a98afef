import { expect, test } from "vitest";
import type { ReplicaId } from "../../shared/keys.ts";
import { changeReplica } from "./change-replica.ts";
import { dirtyKey } from "./dirty-set.ts";
import { createMemoryDisk } from "./memory-world.ts";
import { openReplicaDisk } from "./replica-disk.ts";

const [first, second] = ["browser-00000a", "browser-00000b"] as ReplicaId[];

test("another id forgets the bucket, publishes everything anew, and names the id before", async () => {
  const raw = createMemoryDisk();
  const disk = await openReplicaDisk(raw);
  expect(await changeReplica(disk, null)).toEqual([]);
  expect(await changeReplica(disk, first!)).toEqual([]);
  const known = {
    "frontier/doc1/browser-0a": [],
    "cursor/browser-0f": {},
    state: {},
    journal: {},
    "inbox/x": 1,
  };
  await disk.commit({ put: known });
  expect(await changeReplica(disk, first!)).toEqual([]);
  expect(raw.values.has("state")).toBe(true);
  expect(await changeReplica(disk, second!)).toEqual([first]);
  expect([...raw.values.keys()].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    dirtyKey("doc1"),
    "inbox/x",
    "incarnation",
    "replica",
    "revoked/doc1",
  ]);
  expect(await changeReplica(disk, second!)).toEqual([first]);
});
