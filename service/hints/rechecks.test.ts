import { expect, test } from "vitest";
import type { Namespace } from "../../shared/keys.ts";
import type { Member } from "../session.ts";
import type { Recheckable } from "./rechecks.ts";
import { createRechecks } from "./rechecks.ts";

interface World {
  readonly clock: { ms: number; asked: number };
  /** Answers all who are being asked about. */
  answer(how: boolean | Error): Promise<void>;
  readonly rechecks: ReturnType<typeof createRechecks>;
  readonly ended: Set<Recheckable>;
  readonly streams: readonly Recheckable[];
}

function createWorld(count: number): World {
  const clock = { ms: 0, asked: 0 };
  const open: ((how: boolean | Error) => void)[] = [];
  const ended = new Set<Recheckable>();
  const rechecks = createRechecks({
    now: () => clock.ms,
    isGood: () =>
      new Promise((resolve, reject) => {
        clock.asked++;
        open.push((how) => (typeof how === "boolean" ? resolve(how) : reject(how)));
      }),
  });
  const member: Member = {
    namespace: "key:ada" as Namespace,
    family: "f",
    endedAt: 0,
    expiresAt: Infinity,
  };
  const streams = Array.from({ length: count }, () => {
    const stream: Recheckable = { member, stream: { end: () => void ended.add(stream) } };
    rechecks.add(stream);
    return stream;
  });
  return {
    clock,
    rechecks,
    ended,
    streams,
    async answer(how) {
      for (const give of open.splice(0)) give(how);
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

test("streams that have begun together are looked at one by one, all within five minutes", async () => {
  const world = createWorld(40);
  const { clock, rechecks } = world;
  rechecks.tick();
  expect(clock.asked).toBe(0);
  clock.ms = 150_000;
  rechecks.tick();
  expect(clock.asked).toBeGreaterThan(0);
  expect(clock.asked).toBeLessThan(40);
  clock.ms = 300_000;
  rechecks.tick();
  expect(clock.asked).toBe(40);
});

test("the store is asked about fifty at once", async () => {
  const world = createWorld(120);
  const { clock } = world;
  world.rechecks.hasten(world.streams);
  expect(clock.asked).toBe(50);
  await world.answer(true);
  expect(clock.asked).toBe(100);
  await world.answer(false);
  expect(clock.asked).toBe(120);
  await world.answer(true);
  expect(world.ended.size).toBe(50);
});

test("where nobody could tell it is asked again soon, and after a good answer later", async () => {
  const world = createWorld(40);
  const { clock, rechecks } = world;
  rechecks.hasten(world.streams);
  await world.answer(new Error("the store is down"));
  clock.ms = 60_000;
  rechecks.tick();
  expect(clock.asked).toBe(80);
  await world.answer(true);
  clock.ms = 120_000;
  rechecks.tick();
  expect(clock.asked).toBe(80);
  rechecks.hastenAll();
  clock.ms = 180_000;
  rechecks.tick();
  expect(clock.asked).toBe(120);
  expect(world.ended.size).toBe(0);
});

test("a stream that has ended is not asked about", async () => {
  const world = createWorld(60);
  const { clock } = world;
  world.rechecks.hasten(world.streams);
  for (const stream of world.streams) world.rechecks.remove(stream);
  await world.answer(true);
  expect(clock.asked).toBe(50);
});
