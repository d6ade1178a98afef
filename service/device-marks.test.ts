import { expect, it } from "vitest";
import { createTestKey, createTestWorld, getGrant, signIn } from "./test-world.ts";

const lifeMs = 90 * 86_400_000;

it("goes on granting to whoever signs in often, and drops marks of sign-ins that are over", async () => {
  const world = createTestWorld();
  const key = await createTestKey();
  const first = await signIn(world.app, key);
  const { namespace, replica } = await getGrant(world.app, first.session);
  const prefix = `@service/devices/${namespace}/${replica}/session-`;
  const marks = (): string[] =>
    [...world.bucket.objects.keys()].filter((each) => each.startsWith(prefix));
  // One that is over, and one that was refreshed until now.
  const alive = "a".repeat(32);
  for (const family of [alive, ...Array.from({ length: 30 }, (_, at) => `${at + 10}`.repeat(16))])
    world.bucket.objects.set(prefix + family, { text: "{}", modifiedAt: world.clock.ms + 1000 });
  const used = `@service/sessions/${namespace}/${alive}/200-${"b".repeat(32)}`;
  const grantThere = async (): Promise<void> => {
    world.clock.ms += 1000;
    const { session } = await signIn(world.app, key);
    world.bucket.objects.set(`@service/replicas/${namespace}/${replica}`, {
      text: "{}",
      modifiedAt: world.clock.ms,
    });
    await getGrant(world.app, session, { kind: "browser", replica });
  };
  await grantThere();
  // While they may be good, all of them stay.
  expect(marks()).toHaveLength(33);
  world.clock.ms += lifeMs + 2000;
  world.bucket.objects.set(used, { text: "{}", modifiedAt: world.clock.ms });
  await grantThere();
  expect(marks().length).toBeGreaterThanOrEqual(33 + 1 - 16);
  for (let count = 0; count < 5; count++) await grantThere();
  // The first, the latest ones, and the one that goes on.
  expect(marks()).toContain(prefix + alive);
  expect(marks().length).toBeLessThan(15);
});
