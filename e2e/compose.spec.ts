/** presync inside an app's own worker, as the documentation has it. */
import type { Device } from "./harness/device.ts";
import type { Stack } from "./harness/stack.ts";
import type { Tab } from "./harness/tab.ts";
import { bundleApp, docExample, pageWith, serveWorkerIn, shipped } from "./harness/app-parts.ts";
import { expect, test } from "./fixtures.ts";
import { needs } from "./harness/engine.ts";

const doc = "docs/own-worker.md";
const worker = "/own-worker.js";

test.beforeEach(({ stack }) => {
  stack.app.replace("/", pageWith({ worker }), "text/html");
});

async function greeting(tab: Tab): Promise<unknown> {
  // The app's server knows nothing of it.
  return tab.page.evaluate(async () => (await fetch("/api/greeting")).json().catch(() => null));
}

/** Posts to the worker, and resolves with its answer, which may be an echo. */
function ask(tab: Tab, message: unknown): Promise<unknown> {
  return tab.page.evaluate(async (asked) => {
    const { active } = await navigator.serviceWorker.ready;
    const answer = new Promise<unknown>((resolve) => {
      const take = ({ data }: MessageEvent): void => {
        // What presync says to a worker that has just started is echoed as well.
        const isOfAnother =
          Object.hasOwn(data, "echo") && JSON.stringify(data.echo) !== JSON.stringify(asked);
        if (isOfAnother) return;
        navigator.serviceWorker.removeEventListener("message", take);
        resolve(data);
      };
      navigator.serviceWorker.addEventListener("message", take);
    });
    navigator.serviceWorker.startMessages();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's takes none
    active?.postMessage(asked);
    return answer;
  }, message);
}

/** From the page: whoever asks the proxy's log asks for one worker among others. */
function paths(device: Device): string[] {
  return device.network.log.map(({ path }) => path);
}

/** The wasm as well: the page's is not always where the worker's is, and takes the longest. */
async function isKept(): Promise<boolean> {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const wasm = loaded.filter((name) => new URL(name).pathname.endsWith(".wasm"));
  const found = await Promise.all(
    [location.href, "/presync.js", ...wasm].map((address) => caches.match(address)),
  );
  return found.every((response) => response !== undefined);
}

async function expectToWork(stack: Stack, device: Device): Promise<Tab> {
  const tab = await device.tab();
  await tab.open();
  await tab.add("kept");
  await tab.saved("device");
  await expect.poll(() => greeting(tab)).toEqual({ greeting: "hello" });
  await device.workers.stop();
  await tab.add("and after the worker's end");
  await tab.saved("device");
  // The shell is presync's, the greeting the own worker's. What a page has loaded is kept soon after.
  await expect.poll(() => tab.page.evaluate(isKept)).toBe(true);
  device.network.cut();
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(["kept", "and after the worker's end"]);
  expect(await greeting(tab)).toEqual({ greeting: "hello" });
  device.network.heal();
  expect(paths(device)).not.toContain("/api/greeting");
  expect(stack.app.url).toBe(new URL(tab.page.url()).origin);
  return tab;
}

test("an own worker imports presync, and both do their work", async ({ stack, device }) => {
  stack.app.replace(worker, await docExample(doc, "own-worker"));
  const laptop = await device("laptop");
  const tab = await expectToWork(stack, laptop);
  expect(await ask(tab, "version?")).toBe("version 7");
});

test("messages of an app's own, of any shape, are none of presync's business", async ({
  stack,
  device,
}) => {
  const echo = `
    self.addEventListener("message", ({ data, source, ports }) => {
      for (const port of ports) port.postMessage("from the own worker");
      source.postMessage({ echo: data });
    });`;
  stack.app.replace(worker, echo + (await docExample(doc, "own-worker")));
  const tab = await (await device("laptop")).tab();
  await tab.open();
  const messages = [
    null,
    7,
    "hello",
    [],
    {},
    { type: null },
    { type: "hello" },
    { type: "hand-over" },
    { type: "awake" },
    { type: "toString" },
    new Date(0),
  ];
  for (const message of messages) expect(await ask(tab, message)).toEqual({ echo: message });
  // Some of them with a port, which presync answers on where a message is its own.
  const answers = await tab.page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    const heard: unknown[] = [];
    for (const message of [{ type: "hello" }, { type: "hand-over", changes: "mine" }, null]) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => void heard.push(data);
      active?.postMessage(message, [port2]);
    }
    while (heard.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    // Time for an answer too many.
    await new Promise((resolve) => setTimeout(resolve, 500));
    return heard;
  });
  expect(answers).toEqual(Array.from({ length: 3 }, () => "from the own worker"));
  await tab.add("still there");
  await tab.saved("device");
});

test("push messages come to the own worker, also when it had ended", async ({ stack, device }) => {
  needs("push messages");
  const laptop = await device("laptop");
  const source = (await docExample(doc, "own-worker")).replace(
    "self.registration.showNotification(",
    "caches.open('pushed').then((cache) => cache.put('/pushed', new Response(event.data?.text()))) ?? (",
  );
  stack.app.replace(worker, source);
  const tab = await laptop.tab();
  await tab.open();
  const session = await laptop.context.newCDPSession(tab.page);
  const registration = new Promise<string>((resolve) => {
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations: [first] }) => {
      if (first !== undefined) resolve(first.registrationId);
    });
  });
  await session.send("ServiceWorker.enable");
  const registrationId = await registration;
  await laptop.workers.stop();
  await session.send("ServiceWorker.deliverPushMessage", {
    origin: stack.app.url,
    registrationId,
    data: "news",
  });
  const pushed = (): Promise<string | undefined> =>
    tab.page.evaluate(async () => (await caches.match("/pushed"))?.text());
  await expect.poll(pushed).toBe("news");
  await tab.add("presync works on");
  await tab.saved("device");
});

test("what belongs to presync is found beside its script, wherever the own worker is", async ({
  stack,
  device,
}) => {
  const source = await docExample(doc, "own-worker");
  stack.app.replace(worker, source.replace('"/presync-sw.js"', '"/lib/presync-sw.js"'));
  await serveWorkerIn(stack.app, "/lib/");
  stack.app.replace("/lib/later.txt", "not loaded by any page");
  stack.app.replace(
    "/lib/presync-manifest.js",
    `self.__PRESYNC_MANIFEST = [{ url: "later.txt", revision: "1" }];`,
  );
  const laptop = await device("laptop");
  const tab = await expectToWork(stack, laptop);
  expect(paths(laptop)).toContain("/lib/automerge.wasm");
  laptop.network.cut();
  const later = await tab.page.evaluate(async () => (await fetch("/lib/later.txt")).text());
  expect(later).toBe("not loaded by any page");
});

test("an own worker is bundled with presync, and takes the wasm from where it says", async ({
  stack,
  device,
}) => {
  stack.app.replace(worker, await bundleApp(await docExample(doc, "bundled-worker"), "js", "iife"));
  stack.app.replace("/assets/automerge.wasm", await shipped("automerge.wasm"), "application/wasm");
  stack.app.replace("/about.html", "about this app", "text/html");
  const laptop = await device("laptop");
  const tab = await expectToWork(stack, laptop);
  expect(paths(laptop)).toContain("/assets/automerge.wasm");
  laptop.network.cut();
  const about = await tab.page.evaluate(async () => (await fetch("/about.html")).text());
  expect(about).toBe("about this app");
  // Another version of the package is another address, so that the worker's cache cannot mix them up.
  const kept = await tab.page.evaluate(async () => {
    const cache = await caches.open(`presync shell ${location.origin}/`);
    return (await cache.keys()).map(({ url }) => url);
  });
  expect(kept.filter((url) => url.includes("/assets/automerge.wasm?v="))).toHaveLength(1);
});

test("an app's own Workbox and presync keep their files apart", async ({ stack, device }) => {
  const source = `
    import { precacheAndRoute } from "workbox-precaching";
    import { startPresync } from "presync/worker";
    precacheAndRoute([{ url: "/theirs.txt", revision: "1" }]);
    startPresync({ precache: [{ url: "/ours.txt", revision: "1" }] });`;
  stack.app.replace(worker, await bundleApp(source, "js", "iife"));
  stack.app.replace("/theirs.txt", "theirs");
  stack.app.replace("/ours.txt", "ours");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  // What the one throws out of a cache, it throws out while the worker is activated.
  const state = (): Promise<string | undefined> =>
    tab.page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
  await expect.poll(state).toBe("activated");
  laptop.network.cut();
  const read = (path: string): Promise<string> =>
    tab.page.evaluate(async (of) => (await fetch(of)).text(), path);
  expect(await read("/theirs.txt")).toBe("theirs");
  expect(await read("/ours.txt")).toBe("ours");
});

test("an app that gets a worker of its own keeps its data", async ({ stack, device }) => {
  stack.app.replace("/", undefined);
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const before = await tab.signUp();
  await tab.open();
  await tab.add("made with the drop-in worker");
  await tab.saved("bucket");
  stack.app.replace("/", pageWith({ worker }), "text/html");
  stack.app.replace(worker, await docExample(doc, "own-worker"));
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(["made with the drop-in worker"]);
  await expect.poll(() => greeting(tab)).toEqual({ greeting: "hello" });
  await tab.signOut();
  await tab.signIn(before);
  await tab.open();
  expect(await tab.items()).toEqual(["made with the drop-in worker"]);
});
