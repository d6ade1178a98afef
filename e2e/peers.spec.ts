/**
 * A user's browsers connect to each other: found through the bucket, while the service is down; and what one does is
 * seen by the other before it is in the bucket. Connections go past the proxies, so cutting those off leaves them alone.
 */
import { startChaosProxy } from "./harness/chaos-proxy.ts";
import type { Device } from "./harness/device.ts";
import { createDevice } from "./harness/device.ts";
import { engineOf, needs } from "./harness/engine.ts";
import { testPageWith } from "./harness/pages.ts";
import { startPlaywrightDriver } from "./harness/playwright/playwright-driver.ts";
import type { Stack } from "./harness/stack.ts";
import type { Tab } from "./harness/tab.ts";
import { expect, test } from "./fixtures.ts";

test.use({ stackOptions: { page: testPageWith({}) } });
// Gathering, finding and connecting are three times a few seconds.
test.setTimeout(120_000);
test.beforeEach(() => needs("workers that keep channels"));

async function untilConnected(...tabs: readonly Tab[]): Promise<void> {
  for (const tab of tabs)
    await expect
      .poll(async () => (await tab.status()).peers.map(({ channel }) => channel), {
        timeout: 60_000,
      })
      .toEqual([true]);
}

interface Pair {
  readonly tab: Tab;
  readonly phone: Tab;
}

/** Two devices of one user, connected after the service has gone. */
async function connected(stack: Stack, laptop: Device, other: Device): Promise<Pair> {
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.add("first");
  const phone = await other.tab();
  await phone.signIn(key);
  await phone.open();
  await phone.add("second");
  for (const each of [tab, phone])
    await expect.poll(async () => (await each.items()).length).toBe(2);
  await stack.service.stop();
  await untilConnected(tab, phone);
  return { tab, phone };
}

test("an edit is seen on the other device while the store is out of reach", async ({
  stack,
  device,
}) => {
  const [laptop, other] = [await device("laptop"), await device("phone")];
  const { tab, phone } = await connected(stack, laptop, other);
  await tab.saved("bucket");
  for (const { network } of [laptop, other]) network.cut(stack.store.url);
  await tab.add("live");
  await expect.poll(() => phone.items()).toContain("live");
  await phone.add("and back");
  await expect.poll(() => tab.items()).toContain("and back");
  // Neither says that the bucket has it: it is on two devices, and nowhere else.
  for (const each of [tab, phone]) {
    await expect.poll(async () => (await each.status()).pending.documents).toBe(1);
    expect(["saving", "waiting"]).toContain((await each.status()).bucket);
    await each.saved("device");
  }
  for (const { network } of [laptop, other]) network.heal();
  for (const each of [tab, phone]) await each.saved("bucket");
  expect(await tab.heads()).toEqual(await phone.heads());
});

test("what its maker cannot send reaches the bucket through who has it", async ({
  stack,
  device,
}) => {
  const [laptop, other] = [await device("laptop"), await device("phone")];
  const { tab, phone } = await connected(stack, laptop, other);
  await tab.saved("bucket");
  await phone.saved("bucket");
  laptop.network.cut(stack.store.url);
  await tab.add("by way of the phone");
  await expect.poll(() => phone.items()).toContain("by way of the phone");
  await phone.saved("bucket");
  expect((await tab.status()).bucket).not.toBe("saved");
  laptop.network.heal();
  await tab.saved("bucket");
});

test("another tab takes over when the one that holds the connections is closed", async ({
  stack,
  device,
}) => {
  const [laptop, other] = [await device("laptop"), await device("phone")];
  const { tab, phone } = await connected(stack, laptop, other);
  const next = await laptop.tab();
  await next.open();
  await tab.close();
  await expect.poll(async () => (await next.status()).peers[0]?.channel).toBe(false);
  await untilConnected(next, phone);
  for (const { network } of [laptop, other]) network.cut(stack.store.url);
  await next.add("from the second tab");
  await expect.poll(() => phone.items()).toContain("from the second tab");
});

test("a browser that is gone without a word is noticed, and not waited for", async ({
  stack,
  device,
  profile,
}) => {
  const laptop = await device("laptop");
  const lost = await profile("phone");
  const { tab } = await connected(stack, laptop, await lost.open());
  await lost.kill();
  await expect
    .poll(async () => (await tab.status()).peers.map(({ channel }) => channel))
    .toEqual([false]);
  await tab.add("afterwards");
  await tab.saved("bucket");
  expect((await tab.status()).problems).toEqual([]);
});

test("Chromium and Firefox connect to each other", async ({ stack, device, playwright }) => {
  test.skip(engineOf() !== "chromium", "it is the same test");
  const { projects } = test.info().config;
  const project = projects.find(({ name }) => name === "firefox");
  const { launchOptions, channel } = project!.use as {
    launchOptions: object;
    channel: string;
  };
  const firefox = await startPlaywrightDriver(playwright.firefox, { ...launchOptions, channel });
  const network = await startChaosProxy();
  try {
    const other = await createDevice(
      "firefox",
      (events) => firefox.newProfile(network.address, events),
      network,
      stack.app.url,
    );
    const laptop = await device("laptop");
    const { tab, phone } = await connected(stack, laptop, other);
    for (const each of [laptop.network, network]) each.cut(stack.store.url);
    await tab.add("from Chromium");
    await phone.add("from Firefox");
    for (const each of [tab, phone])
      await expect.poll(async () => (await each.items()).length).toBe(4);
    expect(other.takeErrors()).toEqual([]);
    await other.close();
  } finally {
    await network.close();
    await firefox.close();
  }
});
