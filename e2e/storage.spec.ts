/** The browser's storage misbehaves: connections close by themselves, databases do not open, everything is evicted. */
import type { Device } from "./harness/device.ts";
import { needs } from "./harness/engine.ts";
import { expect, test } from "./fixtures.ts";

declare global {
  /** Connections this worker has opened. */
  var connections: Set<IDBDatabase>;
}

/** Runs in the worker, before everything else. */
function keepConnections(): void {
  globalThis.connections = new Set();
  const open = indexedDB.open.bind(indexedDB);
  IDBFactory.prototype.open = (...given) => {
    const request = open(...given);
    request.addEventListener("success", () => connections.add(request.result));
    return request;
  };
}

/** The same, on a device where no database can be opened. */
function refuseToOpen(): void {
  IDBFactory.prototype.open = () => {
    const error = new DOMException("Internal error opening backing store.", "UnknownError");
    const request = Object.assign(new EventTarget(), { error, onerror: null });
    queueMicrotask(() => {
      const event = new Event("error");
      request.dispatchEvent(event);
      (request as { onerror: ((event: Event) => void) | null }).onerror?.(event);
    });
    return request as unknown as IDBOpenDBRequest;
  };
}

/** As a browser does to a page in the background, or when its own database process has failed. */
async function closeConnections(device: Device): Promise<number> {
  const [worker] = device.context.serviceWorkers();
  return (
    (await worker?.evaluate(() => {
      const closed = [...connections];
      connections.clear();
      for (const connection of closed) {
        connection.close();
        connection.dispatchEvent(new Event("close"));
      }
      return closed.length;
    })) ?? 0
  );
}

test("connections that the browser closes are opened anew, and no edit is lost", async ({
  stack,
  device,
}) => {
  needs("workers from inside");
  const script = await stack.app.read("/presync-sw.js");
  stack.app.replace("/presync-sw.js", `(${String(keepConnections)})();\n${script}`);
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.signUp();
  await tab.open();
  const expected: string[] = [];
  let closed = 0;
  for (let round = 0; round < 6; round++) {
    closed += await closeConnections(laptop);
    for (const item of [`${round}a`, `${round}b`]) {
      expected.push(item);
      await tab.add(item);
    }
    // In the middle of writing, too.
    if (round % 2 === 1) closed += await closeConnections(laptop);
    await tab.saved("device");
  }
  expect(closed).toBeGreaterThan(6);
  await tab.saved("bucket");
  expect(await tab.status()).toMatchObject({ device: "saved", bucket: "saved", problems: [] });
  await laptop.workers.stop();
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(expected);
});

test("where no database opens, editing goes on in memory, and the status says so", async ({
  stack,
  device,
}) => {
  test.slow();
  const tab = await (await device("laptop")).tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  const script = await stack.app.read("/presync-sw.js");
  const deploy = async (content: string): Promise<void> => {
    stack.app.replace("/presync-sw.js", content);
    await tab.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      await registration.update();
    });
  };
  await deploy(`(${String(refuseToOpen)})();\n${script}`);
  await expect
    .poll(async () => {
      await tab.add("in memory");
      const { device: disk, problems } = await tab.status();
      return [disk, problems.map(({ code }) => code)];
    })
    .toEqual(["failing", ["disk-failed"]]);
  const items = await tab.items();
  await deploy(`${script}\n// Mended.`);
  await tab.saved("device");
  expect(await tab.status()).toMatchObject({ device: "saved", problems: [] });
  await tab.reload();
  await tab.open();
  expect(await tab.items()).toEqual(items);
});

test("after everything was evicted, signing in brings it all back", async ({ stack, device }) => {
  needs("eviction");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  for (const item of ["one", "two", "three"]) await tab.add(item);
  await tab.saved("bucket");
  await tab.close();
  await laptop.workers.stop();
  await laptop.workers.evict(stack.app.url);

  const again = await laptop.tab();
  await again.open();
  expect(await again.items()).toEqual([]);
  expect((await again.status()).user).toBeNull();
  await again.add("made before signing in");
  await again.signIn(key);
  await again.open();
  await expect
    .poll(() => again.items().then((items) => items.toSorted()))
    .toEqual(["made before signing in", "one", "three", "two"]);
  await again.saved("bucket");
});

test("data that is cleared under an open tab leaves a page that works", async ({
  stack,
  device,
}) => {
  needs("eviction");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.add("in the bucket");
  await tab.saved("bucket");
  await laptop.workers.evict(stack.app.url);
  await laptop.workers.stop();
  await expect.poll(async () => (await tab.status()).user).toBeNull();
  await tab.open();
  await tab.add("afterwards");
  await tab.saved("device");
  await tab.signIn(key);
  await tab.open();
  await expect
    .poll(() => tab.items().then((items) => items.toSorted()))
    .toEqual(["afterwards", "in the bucket"]);
});
