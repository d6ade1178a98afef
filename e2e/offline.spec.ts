/** An app that has been visited opens without a network, and what is done then is kept and sent later. */
import type { Device } from "./harness/device.ts";
import { needs } from "./harness/engine.ts";
import type { Tab } from "./harness/tab.ts";
import { untilKept } from "./harness/until-kept.ts";
import { expect, test } from "./fixtures.ts";

/** Works through a visit without a network, and one with it; what was done must have survived both. */
async function workOffline(tab: Tab, phone: Tab, heal: () => Promise<void>): Promise<void> {
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(["online"]);
  await tab.add("offline");
  await tab.saved("device");
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(["online", "offline"]);
  expect((await tab.status()).pending.documents).toBe(1);

  await heal();
  await tab.saved("bucket");
  await expect.poll(() => phone.items()).toEqual(["online", "offline"]);
  expect((await tab.status()).pending).toEqual({ documents: 0, changes: 0, bytes: 0 });
}

async function twoDevices(
  device: (name: string) => Promise<Device>,
): Promise<{ laptop: Device; tab: Tab; phone: Tab }> {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.add("online");
  await tab.saved("bucket");
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  return { laptop, tab, phone };
}

test("the second visit works without a network", async ({ device }) => {
  const { laptop, tab, phone } = await twoDevices(device);
  await untilKept(tab);
  laptop.network.cut();
  await workOffline(tab, phone, async () => laptop.network.heal());
});

test("the second visit works without the app's server", async ({ stack, device }) => {
  const { tab, phone } = await twoDevices(device);
  await untilKept(tab);
  await stack.app.stop();
  await tab.reload();
  await tab.open();
  await tab.add("without the server");
  await tab.saved("bucket");
  await expect.poll(() => phone.items()).toEqual(["online", "without the server"]);
});

test("the second visit works on a network that never answers", async ({ device }) => {
  needs("workers that wait");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  await untilKept(tab);
  laptop.network.latency(120_000);
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(["before"]);
});

test("a page at another address of the app opens without a network", async ({ device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  await untilKept(tab);
  laptop.network.cut();
  const deep = await laptop.tab("/lists/7?sort=name");
  await deep.open();
  expect(await deep.items()).toEqual(["before"]);
});

test("an app that is online is never served from the cache", async ({ stack, device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await untilKept(tab);
  const changed = (await stack.app.read("/")).replace("<title>test page", "<title>changed page");
  stack.app.replace("/", changed, "text/html");
  await tab.reload();
  await expect.poll(() => tab.title()).toBe("changed page");
  // And the newest is what is there offline.
  laptop.network.cut();
  await tab.reload();
  await expect.poll(() => tab.title()).toBe("changed page");
});

test.describe("with a presync-manifest.js", () => {
  test.use({ stackOptions: { manifest: true } });

  test("the first visit is enough", async ({ stack, device }) => {
    const laptop = await device("laptop");
    const tab = await laptop.tab();
    laptop.network.cut();
    await tab.reload();
    await tab.open();
    await tab.add("offline");
    await tab.saved("device");
    await stack.app.stop();
    laptop.network.heal();
    await tab.reload();
    await tab.open();
    expect(await tab.items()).toEqual(["offline"]);
  });

  test("edits made offline are sent later", async ({ device }) => {
    const { laptop, tab, phone } = await twoDevices(device);
    laptop.network.cut();
    await workOffline(tab, phone, async () => laptop.network.heal());
  });
});
