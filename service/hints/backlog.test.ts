import { expect, test } from "vitest";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import { createBacklog } from "./backlog.ts";
import type { HintMessage } from "./bus.ts";

const hint = (namespace: string, replica: string, generation: number): HintMessage => ({
  kind: "hint",
  source: "report",
  namespace: namespace as Namespace,
  replica: replica as ReplicaId,
  generation,
});

const generations = (found: { hint: HintMessage }[] | null): (number | undefined)[] | null =>
  found?.map((entry) => entry.hint.generation) ?? null;

test("positions are times, and never one twice", () => {
  let now = 1000;
  const backlog = createBacklog(() => now);
  expect(backlog.add(hint("a:1", "x", 1))).toBe(1001);
  expect(backlog.add(hint("a:1", "x", 2))).toBe(1002);
  now = 900;
  expect(backlog.add(hint("a:1", "x", 3))).toBe(1003);
  now = 5000;
  expect(backlog.position).toBe(5000);
  expect(backlog.add(hint("a:1", "x", 4))).toBe(5001);
});

test("what came after a position is the newest of each replica, of one namespace", () => {
  let now = 100_000;
  const backlog = createBacklog(() => now);
  const a = "a:1" as Namespace;
  now += 60_000;
  const before = backlog.position;
  now += 60_000;
  for (const [replica, generation] of [
    ["x", 1],
    ["y", 2],
    ["x", 3],
  ] as const)
    backlog.add(hint("a:1", replica, generation));
  backlog.add(hint("b:1", "x", 9));
  expect(generations(backlog.since(a, before))).toEqual([2, 3]);
  now += 60_000;
  expect(generations(backlog.since(a, backlog.position))).toEqual([]);
  // Another instance's clock may be ahead.
  expect(generations(backlog.since(a, backlog.position - 57_000))).toEqual([2, 3]);
});

test("what was dropped, forgotten or never known is no answer", () => {
  let now = 100_000;
  const backlog = createBacklog(() => now, 2);
  const a = "a:1" as Namespace;
  expect(backlog.since(a, 90_000)).toBeNull();
  now += 60_000;
  for (const replica of ["x", "y"]) backlog.add(hint("a:1", replica, 1));
  expect(backlog.since(a, 150_000)).toHaveLength(2);
  now += 60_000;
  backlog.add(hint("a:1", "z", 1));
  expect(backlog.since(a, 150_000)).toBeNull();
  // Of an earlier instance, whose clock was set back since.
  expect(backlog.since(a, now + 60_000)).toBeNull();
  expect(backlog.since(a, 170_000)).toHaveLength(1);
  now += 60_000;
  backlog.forget();
  expect(backlog.since(a, 170_000)).toBeNull();
});
