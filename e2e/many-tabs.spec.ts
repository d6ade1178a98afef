/** Thirty tabs of one browser cost the bucket no more than one, and none of them depends on another. */
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createDeferred } from "../shared/deferred.ts";
import type { Device } from "./harness/device.ts";
import type { Tab } from "./harness/tab.ts";
import { expect, test } from "./fixtures.ts";

const tabCount = 30;
const watchMs = 12_000;

async function openTabs(device: Device, count: number): Promise<Tab[]> {
  const tabs: Tab[] = [];
  for (let index = 0; index < count; index++) {
    const tab = await device.tab();
    await tab.open();
    tabs.push(tab);
  }
  return tabs;
}

/** Requests to the store during some seconds in which nobody does anything. */
async function requestsWhileIdle(device: Device, origin: string): Promise<number> {
  const before = device.network.log.length;
  await sleep(watchMs);
  return device.network.log.slice(before).filter((exchange) => exchange.origin === origin).length;
}

test(`${tabCount} tabs have one poller and one status`, async ({ stack, device }) => {
  test.setTimeout(180_000);
  const laptop = await device("laptop");
  const [first] = await openTabs(laptop, 1);
  await first!.signUp();
  await first!.open();
  await first!.saved("bucket");
  const alone = await requestsWhileIdle(laptop, stack.store.url);
  const others = await openTabs(laptop, tabCount - 1);
  const together = await requestsWhileIdle(laptop, stack.store.url);
  // A hidden tab asks for nothing; a newly opened one hastens what waits, once.
  expect(together).toBeLessThanOrEqual(alone + 4);

  await first!.add("seen everywhere");
  const all = [first!, ...others];
  for (const tab of all) await expect.poll(() => tab.items()).toEqual(["seen everywhere"]);
  const putsBefore = laptop.network.log.filter(({ method }) => method === "PUT").length;
  await first!.add("one PUT");
  await first!.saved("bucket");
  const puts = laptop.network.log.filter(({ method }) => method === "PUT").length - putsBefore;
  expect(puts).toBeLessThanOrEqual(2);
  const statuses = await Promise.all(all.map((tab) => tab.status()));
  for (const { bucket, user, auth } of statuses)
    expect([bucket, user, auth]).toEqual(["saved", statuses[0]!.user, "valid"]);
});

test("a tab that hangs does not hold up the others", async ({ device }) => {
  const laptop = await device("laptop");
  const [hanging, one, two] = await openTabs(laptop, 3);
  const key = await one!.signUp();
  for (const tab of [hanging!, one!, two!]) await tab.open();
  const trap = await openTrap();
  // A request that is waited for in this old way stops everything in the tab until it is answered.
  const hung = hanging!.page.evaluate((url) => {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.send();
  }, trap.url);
  hung.catch(() => undefined);
  await trap.entered;
  for (let index = 0; index < 5; index++) {
    // The one that hangs is the first to be told.
    if (index === 2) await laptop.workers.stop();
    await one!.add(`item ${index}`);
    await one!.saved("bucket");
  }
  await expect.poll(async () => (await two!.items()).length).toBe(5);
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(async () => (await phone.items()).length).toBe(5);
  trap.release();
  await hung;
  await expect.poll(async () => (await hanging!.items()).length).toBe(5);
});

/** A server that answers when it is told to. */
async function openTrap(): Promise<{ url: string; entered: Promise<void>; release: () => void }> {
  const entered = createDeferred();
  const server = createServer((_, response) => {
    response.setHeader("access-control-allow-origin", "*");
    held.push(response);
    entered.resolve();
  });
  const held: ServerResponse[] = [];
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    entered: entered.promise,
    release() {
      for (const response of held) response.end();
      server.close();
    },
  };
}
