/** What instances of the service share through a real Redis. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LogEvent } from "../../service/log.ts";
import type { SharedState } from "../../service/redis.ts";
import { connectRedis } from "../../service/redis.ts";
import type { RedisServer } from "./redis-server.ts";
import { startRedis } from "./redis-server.ts";

let server: RedisServer;
let events: LogEvent[];
let instances: SharedState[];

beforeEach(async () => {
  server = await startRedis();
  events = [];
  instances = [0, 1].map(() => connectRedis(server.url, (event) => events.push(event)));
  for (const { claims } of instances) await vi.waitUntil(() => isUp(claims), { timeout: 10_000 });
});

afterEach(async () => {
  for (const instance of instances) instance.close();
  await server.stop();
});

function isUp({ has }: SharedState["claims"]): Promise<boolean> {
  return has("anything").then(
    () => true,
    () => false,
  );
}

async function takeMails(count: number): Promise<boolean[]> {
  const taken: boolean[] = [];
  for (let n = 0; n < count; n++) {
    const { limits } = instances[n % instances.length]!;
    taken.push((await limits.take("mails-to-address-for-client", "ada")) === 0);
  }
  return taken;
}

test("all instances count together", async () => {
  const taken = await takeMails(7);
  expect(taken).toEqual([true, true, true, true, true, false, false]);
});

test("of many who claim a name at once one has it", async () => {
  const claims = Array.from({ length: 20 }, (_, n) => instances[n % 2]!.claims.claim("a code", 60));
  const won = (await Promise.all(claims)).filter(Boolean);
  expect(won).toHaveLength(1);
  expect(await instances[0]!.claims.has("a code")).toBe(true);
  expect(await instances[0]!.claims.has("another code")).toBe(false);
});

test("without Redis each counts for itself, nothing is claimed, and both come back", async () => {
  await server.stop();
  const [{ claims, limits }] = instances as [SharedState, SharedState];
  await expect.poll(() => isUp(claims)).toBe(false);
  await expect(claims.claim("a code", 60)).rejects.toMatchObject({ code: "retry" });
  const taken: boolean[] = [];
  for (let n = 0; n < 6; n++)
    taken.push((await limits.take("mails-to-address-for-client", "eve")) === 0);
  expect(taken).toEqual([true, true, true, true, true, false]);
  const failure = { level: "error", event: "redis-failed", code: "ECONNREFUSED" };
  await expect.poll(() => events).toContainEqual(failure);
  await server.start();
  await expect.poll(() => isUp(claims), { timeout: 10_000 }).toBe(true);
  expect(await claims.claim("a code", 60)).toBe(true);
});
