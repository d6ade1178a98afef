/** The way back: a worker that removes presync from the browsers that come by, and keeps their data. */
import type { Page } from "@playwright/test";
import { docExample, pageWith, shipped } from "./harness/app-parts.ts";
import { listKeys, readNamespace } from "./harness/bucket-content.ts";
import type { Stack } from "./harness/stack.ts";
import { buildOf } from "./harness/variants.ts";
import { expect, test } from "./fixtures.ts";

/** Firefox does not always tell that a worker was installed before it is gone again. */
const off =
  /^worker-unavailable: (presync was switched off on this site|the worker could not be installed)/;

/** What "quickly" means: a page that waits for nothing but an answer. */
const quickMsMax = 5_000;

async function switchOff({ app }: Stack): Promise<void> {
  app.replace("/presync-sw.js", await shipped("presync-off.js"));
}

function switchOn({ app }: Stack): void {
  app.replace("/presync-sw.js", undefined);
}

/** What a browser does by itself when a page is opened, or once a day. */
function lookForUpdate(page: Page): Promise<void> {
  return page.evaluate(async () => {
    await (await navigator.serviceWorker.getRegistration())?.update().catch(() => undefined);
  });
}

function registrations(page: Page): Promise<number> {
  return page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
}

function cacheNames(page: Page): Promise<string[]> {
  return page.evaluate(() => caches.keys());
}

function databaseNames(page: Page): Promise<string[]> {
  return page.evaluate(async () => (await indexedDB.databases()).map(({ name = "" }) => name));
}

/** Counts the documents a page has loaded since it was opened. */
function countLoads(page: Page): () => number {
  let loads = 0;
  page.on("domcontentloaded", () => loads++);
  return () => loads;
}

async function expectOffSoon(page: Page): Promise<void> {
  const startedAt = Date.now();
  await expect(page).toHaveTitle(off);
  expect(Date.now() - startedAt).toBeLessThan(quickMsMax);
}

test.beforeEach(({ stack }) => {
  stack.app.replace("/", pageWith(), "text/html");
});

test("it takes over at once, and leaves nothing but the data", async ({ stack, device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.add("sent");
  await tab.saved("bucket");
  laptop.network.cut(stack.store.url);
  await tab.add("unsent");
  await tab.saved("device");
  const before = await databaseNames(tab.page);
  expect(before.length).toBeGreaterThan(0);
  expect(await cacheNames(tab.page)).not.toEqual([]);
  const loads = countLoads(tab.page);

  await switchOff(stack);
  await lookForUpdate(tab.page);
  await expect.poll(() => registrations(tab.page)).toBe(0);
  await expect.poll(() => cacheNames(tab.page)).toEqual([]);
  expect(await databaseNames(tab.page)).toEqual(before);

  // The open page runs on, and claims nothing that is not so.
  await tab.add("in the open page alone");
  expect(await tab.items()).toEqual(["sent", "unsent", "in the open page alone"]);
  expect((await tab.status()).device).not.toBe("saved");
  expect(loads()).toBe(0);

  // A page that is opened now hears of it soon, with the old page there or not.
  const second = await laptop.page();
  const loadsOfSecond = countLoads(second);
  await expectOffSoon(second);
  await tab.close();
  const third = await laptop.page();
  await expectOffSoon(third);
  await third.reload();
  await expectOffSoon(third);
  await expect.poll(() => registrations(third)).toBe(0);
  expect(await cacheNames(third)).toEqual([]);
  expect(await databaseNames(third)).toEqual(before);
  expect(loadsOfSecond()).toBe(0);
  await second.close();
  await third.close();

  // The real worker is deployed again: everything is there, and what was unsent is sent.
  switchOn(stack);
  laptop.network.heal();
  const again = await laptop.tab();
  await again.open();
  expect(await again.items()).toEqual(["sent", "unsent"]);
  await again.saved("bucket");
  const { user } = await again.status();
  const { documents } = await readNamespace(stack.store.admin, user?.namespace ?? "");
  expect([...documents.values()]).toEqual([{ items: ["sent", "unsent"] }]);
  // As the same replica: it was no new beginning.
  const keys = await listKeys(stack.store.admin, `${user?.namespace}/`);
  expect(keys.every((name) => name.startsWith(`${user?.namespace}/${user?.replica}/`))).toBe(true);

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["sent", "unsent"]);
});

test("the network alone serves the app afterwards", async ({ stack, device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await switchOff(stack);
  await lookForUpdate(tab.page);
  await expect.poll(() => registrations(tab.page)).toBe(0);
  await tab.close();
  const page = await laptop.page();
  await expect(page).toHaveTitle(off);
  laptop.network.cut();
  await expect(page.reload()).rejects.toThrow();
});

test("a browser that never had presync is not given it", async ({ stack, device }) => {
  await switchOff(stack);
  const page = await (await device("laptop")).page();
  await expectOffSoon(page);
  expect(await registrations(page)).toBe(0);
  expect(await databaseNames(page)).toEqual([]);
});

test("it removes a worker that does not start, and one of another protocol", async ({
  stack,
  device,
}) => {
  const broken: readonly string[] = [
    // Installs, and then fails in everything it is asked.
    `self.addEventListener("install", () => self.skipWaiting());
     self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
     self.addEventListener("fetch", (event) => event.respondWith(new Promise(() => {})));`,
    await buildOf("presync-sw.js", { name: "another", protocol: 999 }),
  ];
  for (const [index, source] of broken.entries()) {
    const laptop = await device(`laptop ${index}`);
    stack.app.replace("/presync-sw.js", source);
    stack.app.replace("/blank.html", "<!doctype html>", "text/html");
    const page = await laptop.page("/blank.html");
    await page.evaluate(async () => {
      await navigator.serviceWorker.register("/presync-sw.js");
      await navigator.serviceWorker.ready;
    });
    await switchOff(stack);
    await lookForUpdate(page);
    await expect.poll(() => registrations(page)).toBe(0);
    await page.close();
    await expect(await laptop.page()).toHaveTitle(off);
  }
});

test("a page that was open all the time is right again once it is reloaded", async ({
  stack,
  device,
}) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  await switchOff(stack);
  await lookForUpdate(tab.page);
  await expect.poll(() => registrations(tab.page)).toBe(0);
  switchOn(stack);
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(["before"]);
  await tab.add("after");
  await tab.saved("device");
});

test("pages that stay open do not keep it, once the real worker is deployed again", async ({
  stack,
  device,
}) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  await switchOff(stack);
  await lookForUpdate(tab.page);
  await expect.poll(() => registrations(tab.page)).toBe(0);
  // Opened while the first one is there: Chromium gives it the registration that was on its way out.
  await expect(await laptop.page()).toHaveTitle(off);
  await tab.add("in the open page alone");
  switchOn(stack);
  const other = await laptop.tab();
  await other.open();
  await other.add("after");
  await other.saved("device");
  expect(await other.items()).toContain("before");
});

test("in an own worker it ends presync, and leaves that worker where it is", async ({
  stack,
  device,
}) => {
  stack.app.replace("/", pageWith({ worker: "/own-worker.js" }), "text/html");
  stack.app.replace("/own-worker.js", await docExample("docs/own-worker.md", "own-worker"));
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("kept");
  await tab.saved("device");
  await switchOff(stack);
  await lookForUpdate(tab.page);
  await expect.poll(() => cacheNames(tab.page)).toEqual([]);
  const page = await laptop.page();
  await expect(page).toHaveTitle(off);
  expect(await registrations(page)).toBe(1);
  const greeting = await page.evaluate(async () => (await fetch("/api/greeting")).json());
  expect(greeting).toEqual({ greeting: "hello" });

  switchOn(stack);
  await lookForUpdate(page);
  // The page that was open all the time finds the worker again by itself.
  await tab.add("and this too");
  await tab.saved("device");
  await page.close();
  const again = await laptop.tab();
  await again.open();
  expect(await again.items()).toEqual(["kept", "and this too"]);
});
