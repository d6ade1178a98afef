/** Hints between instances of the service, over a real Redis. */
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BusMessage } from "../../service/hints/bus.ts";
import { until } from "../../service/hints/test-stream.ts";
import type { LogEvent } from "../../service/log.ts";
import type { SharedState } from "../../service/redis.ts";
import { connectRedis } from "../../service/redis.ts";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import { startHalfOpenProxy } from "./half-open-proxy.ts";
import type { RedisServer } from "./redis-server.ts";
import { startRedis } from "./redis-server.ts";

const key = "presync:hints";

interface Instance {
  readonly state: SharedState;
  readonly heard: BusMessage[];
  readonly events: LogEvent[];
}

let server: RedisServer;
let admin: Redis;
let instances: Instance[];

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
  admin = new Redis(server.url);
  admin.on("error", () => undefined);
  instances = [0, 1].map(() => {
    const events: LogEvent[] = [];
    const state = connectRedis(server.url, (event) => events.push(event));
    const heard: BusMessage[] = [];
    state.bus.subscribe((message) => heard.push(message));
    return { state, heard, events };
  });
  // Each begins to read at the end, and says that it cannot know what was before.
  for (const { heard, state } of instances)
    await until(() => count(heard, "lost") > 0 && state.bus.isDown === false);
  for (const { heard } of instances) heard.length = 0;
});

afterEach(async () => {
  admin.disconnect();
  for (const { state } of instances) state.close();
  await server.stop();
});

const pair = (): [Instance, Instance] => [instances[0]!, instances[1]!];

/** How often somebody has looked where the stream ends. */
const looks = async (): Promise<number> => {
  const stats = await admin.info("commandstats");
  return Number(/cmdstat_xrevrange:calls=(\d+)/.exec(stats)?.[1] ?? 0);
};

test("every instance hears what any says, in order, and itself too", async () => {
  const [one, two] = pair();
  for (let n = 1; n <= 50; n++) await (n % 2 === 0 ? one : two).state.bus.publish(hint(n));
  const all = Array.from({ length: 50 }, (_, n) => n + 1);
  for (const { heard } of instances) {
    await until(() => heard.length >= 50);
    expect(generations(heard)).toEqual(all);
    expect(count(heard, "lost")).toBe(0);
  }
});

test("who is cut off says so and tells nobody, and the others are told to look when it is back", async () => {
  const [one, two] = pair();
  await one.state.bus.publish(hint(1));
  await until(() => two.heard.length > 0);
  await server.stop();
  await one.state.bus.publish(hint(2));
  const ended: BusMessage = { kind: "ended", namespace: "key:ada" as Namespace };
  await one.state.bus.publish(ended);
  for (const { heard, state } of instances) {
    await until(() => count(heard, "down") > 0);
    expect(state.bus.isDown).toBe(true);
    expect(generations(heard)).toEqual([1]);
  }
  // Of what has happened here it is certain that it has.
  expect(one.heard).toContainEqual(ended);
  await server.start();
  await until(() => count(two.heard, "lost") > 0);
  await until(() => instances.every(({ state }) => state.bus.isDown === false));
  await one.state.bus.publish(hint(3));
  for (const { heard } of instances) await until(() => generations(heard).includes(3));
  expect(instances.map(({ heard }) => count(heard, "down"))).toEqual([1, 1]);
});

test("a connection that has died without a word is given up", async () => {
  const proxy = await startHalfOpenProxy(server.url);
  const state = connectRedis(proxy.url, () => {});
  try {
    const heard: BusMessage[] = [];
    state.bus.subscribe((message) => heard.push(message));
    await until(() => state.bus.isDown === false);
    proxy.forget();
    await until(() => count(heard, "down") > 0);
    await until(() => state.bus.isDown === false);
    // The connection that publishes has died, too, which the first to use it finds out.
    await until(async () => {
      await state.bus.publish(hint(4));
      return generations(heard).includes(4);
    });
  } finally {
    state.close();
    await proxy.close();
  }
});

test("a Redis that refuses what is said is as good as down, and the log says why", async () => {
  const [one, two] = pair();
  await admin.config("SET", "maxmemory", "1");
  await one.state.bus.publish(hint(1));
  expect(one.state.bus.isDown).toBe(true);
  expect(one.heard).toEqual([{ kind: "down" }]);
  expect(one.events).toContainEqual({ level: "error", event: "hint-bus-down", code: "OOM" });
  await admin.config("SET", "maxmemory", "0");
  await until(() => one.state.bus.isDown === false);
  await until(() => count(two.heard, "lost") > 0);
});

test("what was said does not stay, and that it goes is no loss", async () => {
  const [one, two] = pair();
  await one.state.bus.publish(hint(1));
  await until(() => two.heard.length > 0);
  const leftMs = await admin.pttl(key);
  expect(leftMs).toBeGreaterThan(0);
  expect(leftMs).toBeLessThanOrEqual(60_000);
  // As when that time is over.
  await admin.del(key);
  const before = await looks();
  await until(async () => (await looks()) >= before + 2 * instances.length);
  await one.state.bus.publish(hint(2));
  for (const { heard } of instances) {
    await until(() => generations(heard).includes(2));
    expect(count(heard, "lost")).toBe(0);
  }
});

test("entries of a minute ago are removed when others are added", async () => {
  const [one, two] = pair();
  await admin.del(key);
  // Blocks of entries go as a whole, so there are several.
  const old = Date.now() - 70_000;
  for (let n = 0; n < 500; n++) await admin.xadd(key, `${old}-${n}`, "m", "{}");
  await one.state.bus.publish(hint(1));
  await until(() => two.heard.length > 0);
  await one.state.bus.publish(hint(2));
  expect(await admin.xlen(key)).toBeLessThan(110);
});

test("a stream that has begun anew, with earlier ids, is found out", async () => {
  const [one, two] = pair();
  await one.state.bus.publish(hint(1));
  for (const { heard } of instances) await until(() => heard.length > 0);
  await admin.del(key);
  await admin.xadd(key, "5-1", "m", JSON.stringify(hint(2)));
  for (const { heard } of [one, two]) await until(() => count(heard, "lost") > 0);
});

test("who is so far behind that something was removed unread is told", async () => {
  const [one, two] = pair();
  await one.state.bus.publish(hint(1));
  for (const { heard } of instances) await until(() => heard.length > 0);
  // In one step, so that nobody reads in between.
  const script = `for n = 1, 600 do redis.call("XADD", KEYS[1], "*", "m", ARGV[1]) end
    redis.call("XTRIM", KEYS[1], "MAXLEN", 550)`;
  await admin.eval(script, 1, key, JSON.stringify(hint(2)));
  for (const { heard } of [one, two]) {
    await until(() => count(heard, "lost") > 0);
    await until(() => generations(heard).length === 551);
  }
});

test("a Redis that has lost everything makes everybody look", async () => {
  const [one, two] = pair();
  await one.state.bus.publish(hint(1));
  for (const { heard } of instances) await until(() => heard.length > 0);
  await server.stop();
  await server.start();
  for (const { heard } of [one, two]) await until(() => count(heard, "lost") > 0);
});

test("nonsense in the stream is passed over", async () => {
  const [one, two] = pair();
  const bus = one.state.bus;
  await bus.publish({ kind: "hint" } as never);
  await bus.publish({ kind: "of a later version" } as never);
  await bus.publish(hint(2));
  await until(() => two.heard.length > 0);
  expect(two.heard).toEqual([hint(2)]);
});
