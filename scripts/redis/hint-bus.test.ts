/** Hints between instances of the service, over a real Redis. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BusMessage } from "../../service/hints/bus.ts";
import type { SharedState } from "../../service/redis.ts";
import { connectRedis } from "../../service/redis.ts";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import type { RedisServer } from "./redis-server.ts";
import { startRedis } from "./redis-server.ts";

/** From the restart of Redis until hints pass again: a broken connection, a pause, and a question that may wait. */
const recoveryMsMax = 10_000;

let server: RedisServer;
let instances: { readonly state: SharedState; readonly heard: BusMessage[] }[];

const hint = (generation: number): BusMessage => ({
  kind: "hint",
  source: "report",
  namespace: "key:ada" as Namespace,
  replica: "browser-00000a" as ReplicaId,
  generation,
});

const generations = (heard: readonly BusMessage[]): unknown[] =>
  heard.flatMap((message) => (message.kind === "hint" ? [message.generation] : []));

const count = (heard: readonly BusMessage[], kind: BusMessage["kind"]): number =>
  heard.filter((message) => message.kind === kind).length;

beforeEach(async () => {
  server = await startRedis();
  instances = [0, 1].map(() => {
    const state = connectRedis(server.url, () => {});
    const heard: BusMessage[] = [];
    state.bus.subscribe((message) => heard.push(message));
    return { state, heard };
  });
  // Each begins to read at the end, and says that it cannot know what was before.
  for (const { heard } of instances)
    await vi.waitUntil(() => count(heard, "lost") > 0, { timeout: 10_000 });
  for (const { heard } of instances) heard.length = 0;
});

afterEach(async () => {
  for (const { state } of instances) state.close();
  await server.stop();
});

const pair = (): [(typeof instances)[0], (typeof instances)[0]] => [instances[0]!, instances[1]!];

test("every instance hears what any says, in order, and itself too", async () => {
  const [one, two] = pair();
  for (let n = 1; n <= 50; n++) await (n % 2 === 0 ? one : two).state.bus.publish(hint(n));
  const all = Array.from({ length: 50 }, (_, n) => n + 1);
  for (const { heard } of instances) {
    await vi.waitUntil(() => heard.length >= 50);
    expect(generations(heard)).toEqual(all);
    expect(count(heard, "lost")).toBe(0);
  }
});

test("what is said while Redis is down stays here, and the others are told to look when it is back", async () => {
  const [one, two] = pair();
  await one.state.bus.publish(hint(1));
  await vi.waitUntil(() => two.heard.length > 0);
  await server.stop();
  await one.state.bus.publish(hint(2));
  expect(generations(one.heard)).toEqual([1, 2]);
  expect(generations(two.heard)).toEqual([1]);
  await server.start();
  await vi.waitUntil(() => count(two.heard, "lost") > 0, { timeout: recoveryMsMax });
  await vi.waitUntil(
    async () => {
      await one.state.bus.publish(hint(3));
      return generations(two.heard).includes(3);
    },
    { timeout: recoveryMsMax, interval: 200 },
  );
});

test("a Redis that has lost everything makes everybody look", async () => {
  const [one, two] = pair();
  await one.state.bus.publish(hint(1));
  for (const { heard } of instances) await vi.waitUntil(() => heard.length > 0);
  await server.stop();
  await server.start();
  for (const { heard } of [one, two])
    await expect.poll(() => count(heard, "lost"), { timeout: recoveryMsMax }).toBeGreaterThan(0);
});

test("nonsense in the stream is passed over", async () => {
  const [one, two] = pair();
  const bus = one.state.bus;
  await bus.publish({ kind: "hint" } as never);
  await bus.publish({ kind: "of a later version" } as never);
  await bus.publish(hint(2));
  await vi.waitUntil(() => two.heard.length > 0);
  expect(two.heard).toEqual([hint(2)]);
});
