/** Several apps on one origin, and several connections in one page. */
import type { Stack } from "./harness/stack.ts";
import type { Tab } from "./harness/tab.ts";
import { pageHead, pageWith, serveWorkerIn } from "./harness/app-parts.ts";
import { expect, test } from "./fixtures.ts";

async function serveApp(stack: Stack, folder: string): Promise<void> {
  await serveWorkerIn(stack.app, folder);
  stack.app.replace(folder, pageWith({ worker: `${folder}presync-sw.js` }), "text/html");
}

/** Everything of the origin that has a name which another app could use too. */
async function names(tab: Tab): Promise<string[]> {
  return tab.page.evaluate(async () => {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [
      ...(await indexedDB.databases()).map(({ name }) => `database ${name}`),
      ...(await caches.keys()).map((name) => `cache ${name}`),
      ...[...held, ...pending].map(({ name }) => `lock ${name}`),
    ];
  });
}

async function namespaceOf(tab: Tab): Promise<string | undefined> {
  return (await tab.status()).user?.namespace;
}

test("two apps on one origin share nothing, and do not disturb each other", async ({
  stack,
  device,
}) => {
  await serveApp(stack, "/a/");
  await serveApp(stack, "/b/");
  const laptop = await device("laptop");
  const [a, b] = [await laptop.tab("/a/"), await laptop.tab("/b/")];
  await a.open();
  await b.open();
  await a.add("of a, signed out");
  await a.saved("device");
  expect(await b.items()).toEqual([]);

  const aKey = await a.signUp();
  await a.add("of a");
  expect(await namespaceOf(b)).toBeUndefined();
  await b.signUp();
  await b.add("of b");
  await Promise.all([a.saved("bucket"), b.saved("bucket")]);
  const [ofA, ofB] = [await namespaceOf(a), await namespaceOf(b)];
  expect(ofA).not.toBe(ofB);
  expect(await a.items()).toEqual(["of a, signed out", "of a"]);
  expect(await b.items()).toEqual(["of b"]);

  // Each name says whose it is, but that of an incarnation's lock, which is a random one.
  const owners = (await names(a))
    .filter((name) => !name.startsWith("lock presync incarnation "))
    .map((name) => /\/([ab])\/( |$)/.exec(name)?.[1] ?? name);
  expect(new Set(owners)).toEqual(new Set(["a", "b"]));

  await laptop.workers.stop();
  await a.add("of a, with its next worker");
  await b.add("of b, with its next worker");
  await Promise.all([a.saved("bucket"), b.saved("bucket")]);

  // Forgetting in one is none of the other's business.
  await a.signOut({ forget: true });
  await expect.poll(async () => (await names(a)).join("\n")).not.toContain(ofA);
  expect(await namespaceOf(b)).toBe(ofB);
  const itemsOfB = ["of b", "of b, with its next worker"];
  expect(await b.items()).toEqual(itemsOfB);
  await b.reload();
  await b.open();
  expect(await b.items()).toEqual(itemsOfB);
  await a.open();
  expect(await a.items()).toEqual([]);

  // What was forgotten here is in the bucket.
  await a.signIn(aKey);
  await a.open();
  await expect
    .poll(() => a.items())
    .toEqual(["of a, signed out", "of a", "of a, with its next worker"]);
  await b.saved("bucket");
});

test("each app opens without a network, from files of its own", async ({ stack, device }) => {
  await serveApp(stack, "/a/");
  await serveApp(stack, "/b/");
  const laptop = await device("laptop");
  const tabs = [await laptop.tab("/a/"), await laptop.tab("/b/")];
  for (const [index, tab] of tabs.entries()) {
    await tab.open();
    await tab.add(`of app ${index}`);
    await tab.saved("device");
    const isKept = (): Promise<boolean> =>
      tab.page.evaluate(async () => {
        const cache = await caches.open(`presync shell ${location.href}`);
        const found = [location.href, "/presync.js"].map(
          async (url) => (await cache.match(url)) !== undefined,
        );
        return (await Promise.all(found)).every(Boolean);
      });
    await expect.poll(isKept).toBe(true);
  }
  laptop.network.cut();
  for (const [index, tab] of tabs.entries()) {
    await tab.reload();
    await tab.open();
    expect(await tab.items()).toEqual([`of app ${index}`]);
  }
});

test("an app inside another one's scope has data of its own", async ({ stack, device }) => {
  await serveApp(stack, "/a/");
  const laptop = await device("laptop");
  const outer = await laptop.tab();
  await outer.open();
  await outer.add("of the outer app");
  await outer.saved("device");
  const inner = await laptop.tab("/a/");
  await inner.open();
  expect(await inner.items()).toEqual([]);
  await inner.add("of the inner app");
  await inner.saved("device");
  await laptop.workers.stop();
  await inner.reload();
  await inner.open();
  expect(await inner.items()).toEqual(["of the inner app"]);
  await outer.reload();
  await outer.open();
  expect(await outer.items()).toEqual(["of the outer app"]);
});

test("an app whose worker is missing is not given another app's", async ({ stack, device }) => {
  await serveApp(stack, "/a/");
  const laptop = await device("laptop");
  // One around both, and one around the page.
  await laptop.tab("/");
  await laptop.tab("/a/");
  const page = pageWith({ worker: "/c/presync-sw.js" });
  stack.app.replace("/a/c.html", page, "text/html");
  const c = await laptop.page("/a/c.html");
  await expect(c).toHaveTitle(/^worker-unavailable: \/c\/presync-sw\.js could not be registered/);
});

test("a worker that cannot be fetched any more goes on, where it is this app's", async ({
  stack,
  device,
}) => {
  await serveApp(stack, "/a/");
  const laptop = await device("laptop");
  const a = await laptop.tab("/a/");
  await a.open();
  await a.add("there");
  await a.saved("device");
  // The same folder, another file: what is installed there is this app's, if of another time.
  stack.app.replace("/a/", pageWith({ worker: "/a/renamed-sw.js" }), "text/html");
  await a.reload();
  await a.open();
  expect(await a.items()).toEqual(["there"]);
});

test("two connections in one page are as two tabs", async ({ stack, device }) => {
  const page = `${pageHead}<script type="module">
    import { connect } from "/presync.js";
    const [one, two] = await Promise.all([connect(), connect()]);
    globalThis.one = one;
    globalThis.two = two;
    globalThis.presync = two;
  </script>`;
  stack.app.replace("/", page, "text/html");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const first = (action: "items" | "add" | "user" | "close"): Promise<unknown> =>
    tab.page.evaluate(async (what) => {
      const { one } = globalThis as unknown as { one: typeof presync };
      if (what === "close") return one.close();
      if (what === "user") return one.status.get().user?.namespace;
      const list = await one.open<{ items: string[] }>("todos", { items: [] });
      if (what === "add") list.change((doc) => void doc.items.push("from the first"));
      return [...list.doc().items];
    }, action);
  await tab.open();
  await first("add");
  await expect.poll(() => tab.items()).toEqual(["from the first"]);
  await tab.add("from the second");
  await expect.poll(() => first("items")).toEqual(["from the first", "from the second"]);
  await tab.signUp();
  await expect.poll(() => first("user")).toBe(await namespaceOf(tab));
  await first("close");
  await tab.open();
  await tab.add("after the first was closed");
  await tab.saved("bucket");
  await laptop.workers.stop();
  await tab.add("and with the next worker");
  await tab.saved("bucket");
});
