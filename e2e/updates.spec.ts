/**
 * Releases: an old or a new page meets an old or a new worker, whichever comes first, and whether they understand each
 * other or not. Nothing that was typed is lost, nobody is stuck, and one call of `update()` leads on.
 */
import type { Stack } from "./harness/stack.ts";
import type { Tab } from "./harness/tab.ts";
import { buildOf } from "./harness/variants.ts";
import { expect, test } from "./fixtures.ts";

const releases = [
  { what: "the same protocol", release: { name: "next", protocol: null } },
  { what: "another protocol", release: { name: "next", protocol: 999 } },
] as const;
type Release = (typeof releases)[number]["release"];

async function deploy(
  stack: Stack,
  files: readonly ("presync-sw.js" | "presync.js")[],
  release: Release,
): Promise<void> {
  for (const file of files) stack.app.replace(`/${file}`, await buildOf(file, release));
}

/** As the browser does on its own, at the latest a day later. */
async function checkForUpdate(tab: Tab): Promise<void> {
  await tab.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
  });
}

async function update(tab: Tab): Promise<void> {
  const loaded = tab.page.waitForEvent("load");
  await tab.page.evaluate(() => void presync.update());
  await loaded;
  await tab.page.waitForFunction(() => "presync" in globalThis);
  await tab.open();
}

for (const { what, release } of releases) {
  const isUnderstood = release.protocol === null;

  test(`old page, new worker, ${what}`, async ({ stack, device }) => {
    const tab = await (await device("laptop")).tab();
    await tab.open();
    await tab.add("before");
    await tab.saved("device");
    await deploy(stack, ["presync-sw.js", "presync.js"], release);
    await checkForUpdate(tab);
    const expected = isUnderstood ? "available" : "required";
    await expect.poll(async () => (await tab.status()).update).toBe(expected);
    await tab.add("in between");
    // Whether or not they understand each other, it comes to the disk, and the status says so.
    await expect.poll(async () => (await tab.status()).device).toBe("saved");
    await update(tab);
    expect(await tab.items()).toEqual(["before", "in between"]);
    expect((await tab.status()).update).toBe("none");
    await tab.add("after");
    await tab.saved("device");
  });

  test(`new page, old worker, ${what}: then the new worker comes`, async ({ stack, device }) => {
    const laptop = await device("laptop");
    const tab = await laptop.tab();
    await tab.open();
    await tab.add("before");
    await tab.saved("device");
    await deploy(stack, ["presync.js"], release);
    if (isUnderstood) {
      await tab.reload();
      await tab.open();
      await tab.add("with the old worker");
      await tab.saved("device");
      await deploy(stack, ["presync-sw.js"], release);
      await checkForUpdate(tab);
      await tab.add("with the new one");
      await tab.saved("device");
      expect((await tab.status()).update).toBe("none");
      expect(await tab.items()).toEqual(["before", "with the old worker", "with the new one"]);
      return;
    }
    const failure = tab.page.waitForEvent("pageerror");
    await tab.page.reload();
    expect((await failure).message).toContain("do not fit");
    laptop.takeErrors();
    await deploy(stack, ["presync-sw.js"], release);
    await tab.reload();
    await tab.open();
    expect(await tab.items()).toEqual(["before"]);
  });

  test(`an old and a new page with the new worker, ${what}`, async ({ stack, device }) => {
    const laptop = await device("laptop");
    const old = await laptop.tab();
    await old.open();
    await old.add("old before");
    await deploy(stack, ["presync-sw.js", "presync.js"], release);
    const fresh = await laptop.tab();
    await fresh.open();
    await old.add("old after");
    await fresh.add("new");
    await expect.poll(() => fresh.items()).toContain("old after");
    await expect.poll(async () => (await old.status()).device).toBe("saved");
    await update(old);
    expect(await old.items()).toEqual(await fresh.items());
    expect(new Set(await old.items())).toEqual(new Set(["old before", "old after", "new"]));
  });
}

test("what a page that is not understood holds is sent by the new worker", async ({
  stack,
  device,
}) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  await deploy(stack, ["presync-sw.js", "presync.js"], releases[1].release);
  await checkForUpdate(tab);
  await expect.poll(async () => (await tab.status()).update).toBe("required");
  await tab.add("not understood");
  // Nobody tells this page any more what has reached the bucket: it does not say "saved".
  expect((await tab.status()).bucket).toBe("waiting");
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["not understood"]);
});

const broken = [
  { what: "throws when it is started", add: "\nthrow new Error('a mistake');" },
  { what: "does not find its wasm", from: /automerge\.wasm/g, to: "gone.wasm" },
] as const;
for (const how of broken)
  test(`a new worker that ${how.what} does not take the old one's place`, async ({
    stack,
    device,
  }) => {
    const laptop = await device("laptop");
    const tab = await laptop.tab();
    await tab.open();
    await tab.add("before");
    const script = await stack.app.read("/presync-sw.js");
    stack.app.replace(
      "/presync-sw.js",
      "add" in how ? script + how.add : script.replace(how.from, how.to),
    );
    const states = tab.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const seen = new Promise<string>((resolve) => {
        registration.addEventListener("updatefound", () => {
          const next = registration.installing!;
          next.addEventListener("statechange", () => resolve(next.state));
        });
      });
      // A script that throws is refused here; one that cannot be installed, later.
      return registration.update().then(
        () => seen,
        () => "refused",
      );
    });
    expect(["refused", "redundant"]).toContain(await states);
    laptop.takeErrors();
    await tab.add("after");
    await tab.saved("device");
    await laptop.workers.stop();
    await tab.reload();
    await tab.open();
    expect(await tab.items()).toEqual(["before", "after"]);
    // Once it is mended, it is taken.
    stack.app.replace("/presync-sw.js", `${script}\n// Mended.`);
    await checkForUpdate(tab);
    await tab.add("mended");
    await tab.saved("device");
    laptop.takeErrors();
  });
