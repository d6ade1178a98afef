import { beforeEach, expect, test } from "vitest";
import { createDeferred } from "../../shared/deferred.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ManualTimers } from "../testing/manual-timers.ts";
import { createManualTimers } from "../testing/manual-timers.ts";
import { testNamespace, testReplicas } from "../testing/test-device.ts";
import { createTestWorld } from "../testing/test-world.ts";
import { createMemoryDisk, MemoryStore } from "./memory-world.ts";
import type { Look } from "./peer-reader.ts";
import { openPeerRecords } from "./peer-records.ts";
import type { Poller } from "./poller.ts";
import { createPoller } from "./poller.ts";
import { createProblems } from "./problems.ts";
import { startCursor } from "./reader.ts";
import { openReplicaDisk } from "./replica-disk.ts";

const [own, b, c] = testReplicas as [ReplicaId, ReplicaId, ReplicaId];
const minuteMs = 60_000;

let timers: ManualTimers;
let poller: Poller;
/** When each was asked. */
let asked: [replica: ReplicaId, at: number][];
/** The generation that is in the bucket. */
let generation: number;
let answer: () => Promise<void>;
let newcomers: number;

beforeEach(async () => {
  timers = createManualTimers();
  [asked, generation, answer, newcomers] = [[], 0, async () => undefined, 0];
  const memory = createMemoryDisk();
  const disk = await openReplicaDisk(memory);
  const records = await openPeerRecords(disk);
  const world = { ...createTestWorld(memory, {}), clock: timers, timers };
  const read = async (_: unknown, replica: ReplicaId): Promise<Look> => {
    asked.push([replica, timers.now()]);
    await answer();
    const record = records.get(replica);
    const isChanged = record.cursor.generation < generation;
    records.set(replica, { ...record, cursor: { ...startCursor, generation } });
    return { etag: undefined, isPresent: true, isChanged };
  };
  poller = await createPoller({
    world,
    disk,
    records,
    reader: { read, readAnew: () => undefined, readBack: async () => undefined },
    problems: createProblems(timers, () => undefined),
    sawOwn: () => true,
    newcomer: () => void newcomers++,
    superseded: () => undefined,
    answered: () => undefined,
    noAnswer: () => undefined,
    expired: () => undefined,
    changed: () => undefined,
  });
  poller.use(new MemoryStore().bucket(testNamespace, own, [b, c]));
  await timers.advance(100);
});

const times = (replica: ReplicaId): number => asked.filter(([of]) => of === replica).length;

test("two hints of one change are one request, also when the second comes while it is being read", async () => {
  await timers.advance(minuteMs);
  const before = times(b);
  const answering = createDeferred();
  answer = () => answering.promise;
  generation = 5;
  poller.hint(b, 5);
  poller.hint(b, 5);
  await timers.advance(10);
  answering.resolve();
  await timers.advance(1_000);
  expect(times(b)).toBe(before + 1);
});

test("a hint of something later than what is being read is followed at once", async () => {
  await timers.advance(minuteMs);
  const before = times(b);
  const answering = createDeferred();
  answer = () => answering.promise;
  generation = 5;
  poller.hint(b, 5);
  poller.hint(b, 6);
  await timers.advance(10);
  answering.resolve();
  await timers.advance(1_000);
  expect(times(b)).toBe(before + 2);
});

test("a hint is no reason to ask a store that does not answer as often as one that does", async () => {
  answer = async () => {
    throw new PresyncError("unreachable", "no answer");
  };
  await timers.advance(60 * minuteMs);
  poller.hint(b, 1);
  await timers.advance(1_000);
  const before = times(b);
  await timers.advance(minuteMs);
  expect(times(b)).toBe(before);
});

test("who has a channel is asked rarely, and nobody else for that", async () => {
  const conditions = { visible: true, hinted: false, watched: false, channels: new Set([b]) };
  poller.conditions(conditions);
  poller.hint();
  await timers.advance(100);
  const before = [times(b), times(c)];
  await timers.advance(minuteMs / 2);
  expect(times(b)).toBe(before[0]);
  expect(times(c)).toBeGreaterThan(before[1]! + 5);
});

test("without a bucket nobody is a newcomer", () => {
  poller.use(null);
  poller.hint(b, 7);
  expect(newcomers).toBe(0);
});

test("what cannot be read is looked at soon again, whatever hints there are", async () => {
  poller.conditions({ visible: true, hinted: true, watched: true, channels: new Set([b]) });
  answer = () => Promise.reject(new PresyncError("malformed", "a damaged segment"));
  poller.hint(b);
  await timers.advance(1_000);
  const before = times(b);
  await timers.advance(15_000);
  expect(times(b)).toBeGreaterThan(before);
});
