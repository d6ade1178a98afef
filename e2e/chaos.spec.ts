/**
 * Everything at once: three devices with two tabs each are edited while networks, services, workers, tabs, browsers and
 * clocks fail. In the end all show the same, every edit once, and everything that was ever reported saved is there.
 *
 *     PRESYNC_CHAOS_SECONDS=600 PRESYNC_CHAOS_SEED=7 npx playwright test e2e/chaos.spec.ts
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createChaoticDevice } from "./chaos/chaotic-device.ts";
import { createOracle } from "./chaos/oracle.ts";
import { testPageWith } from "./harness/pages.ts";
import type { Stack } from "./harness/stack.ts";
import { expect, test } from "./fixtures.ts";

const seconds = Number(process.env["PRESYNC_CHAOS_SECONDS"] ?? 40);
/** Which things are done in which order; what meets what depends on the machine all the same. */
const seed = Number(process.env["PRESYNC_CHAOS_SEED"] ?? 1);

/** With channels between browsers in every second run: they pass by the outages that the others meet. */
const peers = seed % 2 === 1;

const settleMs = 150_000;
const outageMsMax = 12_000;

test.use({ stackOptions: { grantSeconds: 30, page: testPageWith({ peers }) } });

test(`three devices, two tabs each, ${seconds} seconds of everything`, async ({
  stack,
  device,
  profile,
}) => {
  test.setTimeout(seconds * 1000 + 2 * settleMs);
  const oracle = createOracle();
  const random = mulberry32(seed);
  const devices = await Promise.all(
    ["ada", "ben", "cleo"].map(async (name, index) =>
      createChaoticDevice(name, await profile(name), oracle, mulberry32(seed * 100 + index)),
    ),
  );
  const setup = await (await device("setup")).tab();
  const secretKey = await setup.signUp();
  await setup.open();
  await setup.saved("bucket");
  for (const each of devices) await each.begin(secretKey);

  const end = Date.now() + seconds * 1000;
  const live = async (each: (typeof devices)[number]): Promise<void> => {
    while (Date.now() < end) await each.step();
  };
  await Promise.all([...devices.map(live), failServers(stack, random, end)]);

  await stack.service.start();
  await stack.store.start();
  for (const each of devices) await each.calm(secretKey);
  // The idle one, which only looks on, finds its way back by itself.
  const tabs = [setup, ...devices.flatMap((each) => each.tabs)];
  const shown = (): Promise<string[][]> => Promise.all(tabs.map((tab) => tab.items()));
  // A device that has nothing but what is in the bucket.
  const fresh = await (await device("fresh")).tab();
  await fresh.signIn(secretKey);
  await fresh.open();
  tabs.push(fresh);
  const differing = async (): Promise<number> =>
    new Set((await shown()).map((items) => JSON.stringify(items))).size;
  const verdict = async (): Promise<string[]> => {
    const all = await shown();
    const wrong = all.flatMap((items, index) => oracle.judge(`tab ${index}`, items));
    return (await differing()) > 1 ? [...wrong, "the tabs differ"] : wrong;
  };
  try {
    await expect.poll(verdict, { timeout: settleMs }).toEqual([]);
  } catch (error) {
    for (const { story } of devices) console.log(story.join("\n"));
    throw error;
  }
  for (const tab of tabs) await tab.saved("bucket");
  expect(await verdict()).toEqual([]);
  expect(devices.flatMap(({ failures }) => failures)).toEqual([]);

  const counts = new Map<string, number>();
  for (const each of devices)
    for (const [what, times] of each.counts) counts.set(what, (counts.get(what) ?? 0) + times);
  const done = [...counts].map(([what, times]) => `${what} ${times}`).join(", ");
  console.log(`seed ${seed}: ${oracle.summary(await fresh.items())}; ${done}`);
});

/** Service and store are down now and then; a grant of seconds ends meanwhile. */
async function failServers(stack: Stack, random: () => number, end: number): Promise<void> {
  while (Date.now() < end) {
    await sleep(random() * outageMsMax);
    const server = random() < 0.6 ? stack.service : stack.store;
    await server.stop();
    await sleep(random() * outageMsMax);
    await server.start();
  }
}

/** https://github.com/cprosche/mulberry32 */
function mulberry32(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
