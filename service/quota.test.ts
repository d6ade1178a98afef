import { describe, expect, it } from "vitest";
import type { Grant } from "../shared/grants.ts";
import { checkConfig } from "./config.ts";
import type { Quota } from "./quota.ts";
import type { TestKey, TestWorld } from "./test-world.ts";
import {
  createTestKey,
  createTestWorld,
  getGrant,
  postAs,
  signIn,
  testConfig,
} from "./test-world.ts";

async function createUser(
  quota: Quota,
): Promise<TestWorld & { readonly key: TestKey; readonly enrol: () => Promise<Device> }> {
  const world = createTestWorld({ quota });
  const key = await createTestKey();
  return {
    ...world,
    key,
    async enrol() {
      world.clock.ms += 1000;
      const { session } = await signIn(world.app, key);
      const grant = await getGrant(world.app, session);
      const renew = (): Promise<Grant> =>
        getGrant(world.app, session, { kind: "browser", replica: grant.replica });
      return { session, grant, renew };
    },
  };
}

interface Device {
  readonly session: string;
  readonly grant: Grant;
  readonly renew: () => Promise<Grant>;
}

describe("a user who is over the quota", () => {
  it.each([
    [{ bytes: 10 }, ["12345", "1234"], ["12345", "12345"]],
    [{ objects: 2 }, ["x"], ["x", "x"]],
    [{ objects: 2, bytes: 1000 }, ["x"], ["x", "x", "x"]],
  ] as const)("of %j gets no URLs to write, and all to read", async (quota, within, beyond) => {
    const { bucket, clock, enrol, events } = await createUser(quota);
    const device = await enrol();
    expect(device.grant.put).not.toBeNull();
    const prefix = `${device.grant.namespace}/${device.grant.replica}/`;
    const fill = (texts: readonly string[]): void => {
      for (const key of bucket.objects.keys())
        if (key.startsWith(prefix)) bucket.objects.delete(key);
      for (const [slot, text] of texts.entries())
        bucket.objects.set(`${prefix}seg/0/${slot}`, { text, modifiedAt: clock.ms });
      // It is counted anew after a minute.
      clock.ms += 60_000;
    };
    fill(within);
    expect((await device.renew()).put).not.toBeNull();
    fill(beyond);
    const over = await device.renew();
    expect(over.put).toBeNull();
    expect(over.get.replicas).toHaveLength(device.grant.get.replicas.length);
    expect(events.filter(({ event }) => event === "quota-exceeded")).toHaveLength(1);
    fill(within);
    expect((await device.renew()).put).not.toBeNull();
  });

  it("is nobody else", async () => {
    const { app, bucket, clock, enrol } = await createUser({ bytes: 10 });
    const device = await enrol();
    const text = "x".repeat(100);
    bucket.objects.set(`${device.grant.namespace}/x`, { text, modifiedAt: clock.ms });
    clock.ms += 60_000;
    const other = await signIn(app, await createTestKey());
    expect((await getGrant(app, other.session)).put).not.toBeNull();
    expect((await device.renew()).put).toBeNull();
  });

  it("of devices has the first ones write, the others read, and one more as one is retired", async () => {
    const { app, enrol } = await createUser({ replicas: 2 });
    const [one, two, three, four] = [await enrol(), await enrol(), await enrol(), await enrol()];
    const writing = async (): Promise<boolean[]> =>
      Promise.all([two, three, four].map(async ({ renew }) => (await renew()).put !== null));
    expect(one.grant.put).not.toBeNull();
    expect(three.grant.put).toBeNull();
    expect(await writing()).toEqual([true, false, false]);
    const { replica } = one.grant;
    await postAs(app, four.session, "/v1/devices/retire", { replica });
    expect(await writing()).toEqual([true, true, false]);
  });
});

describe("counting", () => {
  const listings = ({ bucket }: TestWorld): number =>
    bucket.requests.filter((request) => request === "GET ").length;

  it("is done once a minute, by as many listings as there are pages", async () => {
    const world = await createUser({ bytes: 10 });
    const device = await world.enrol();
    await device.renew();
    const once = listings(world);
    await device.renew();
    const perGrant = listings(world) - once;
    world.clock.ms += 60_000;
    const before = listings(world);
    await device.renew();
    expect(listings(world) - before).toBe(perGrant + 1);
  });

  it("is not done where there is no quota", async () => {
    const free = await createUser({});
    const bounded = await createUser({ bytes: 1 });
    for (const world of [free, bounded]) await world.enrol();
    expect(listings(bounded)).toBe(listings(free) + 1);
  });

  it.each([{ bytes: 0 }, { objects: 1.5 }, { replicas: -1 }, { bytes: Number.NaN }])(
    "takes no quota of %j",
    (quota) => {
      expect(() => checkConfig({ ...testConfig, quota })).toThrow(/quota\.\w+ is not a whole/);
    },
  );
});
