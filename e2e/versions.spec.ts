/** Page and worker come from one build, except for a while after every deployment, and after mistakes. */
import type { Tab } from "./harness/tab.ts";
import { buildOf } from "./harness/variants.ts";
import { expect, test } from "./fixtures.ts";

const other = { name: "other", protocol: 999 };

/** Shows why it could not connect. */
const frankPage = `<!doctype html><meta charset="utf-8" /><script type="module">
  import { connect } from "/presync.js";
  try {
    globalThis.presync = await connect();
    document.title = "connected";
  } catch (error) {
    document.title = error.code;
  }
</script>`;

async function update(tab: Tab): Promise<void> {
  await tab.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
  });
}

test("a worker that speaks another protocol is noticed when the page opens", async ({
  stack,
  device,
}) => {
  stack.app.replace("/presync-sw.js", await buildOf("presync-sw.js", other));
  stack.app.replace("/", frankPage, "text/html");
  const page = await (await device("laptop")).context.newPage();
  await page.goto(stack.app.url);
  await expect(page).toHaveTitle("version-mismatch");
});

test("a worker that speaks another protocol is noticed by pages that are open", async ({
  stack,
  device,
}) => {
  const tab = await (await device("laptop")).tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  stack.app.replace("/presync-sw.js", await buildOf("presync-sw.js", other));
  await update(tab);
  await expect.poll(async () => (await tab.status()).update).toBe("required");
  // The page lives on, and says what is the matter.
  await tab.add("afterwards");
  expect(await tab.items()).toEqual(["before", "afterwards"]);
  await expect(tab.saved("device")).rejects.toThrow("version-mismatch:");
});

test("a deployment with another protocol reaches pages that are opened anew", async ({
  stack,
  device,
}) => {
  const tab = await (await device("laptop")).tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  stack.app.replace("/presync-sw.js", await buildOf("presync-sw.js", other));
  stack.app.replace("/presync.js", await buildOf("presync.js", other));
  stack.app.replace("/", frankPage, "text/html");
  await tab.reload();
  expect(await tab.title()).toBe("connected");
  await tab.open();
  expect(await tab.items()).toEqual(["before"]);
});

test("a new worker takes over while pages are open, and nothing is lost", async ({
  stack,
  device,
}) => {
  const laptop = await device("laptop");
  const [one, two] = [await laptop.tab(), await laptop.tab()];
  await one.open();
  await two.open();
  await one.add("before");
  const old = await stack.app.read("/presync-sw.js");
  stack.app.replace("/presync-sw.js", `${old}\ncaches.open("made by the newer worker");`);
  await one.add("while it is fetched");
  await update(one);
  await one.add("one");
  await two.add("two");
  await expect.poll(() => one.evaluate(() => caches.has("made by the newer worker"))).toBe(true);
  await expect
    .poll(() =>
      one.evaluate(async () => {
        const { active, waiting, installing } = await navigator.serviceWorker.ready;
        return [active?.state, waiting, installing];
      }),
    )
    .toEqual(["activated", null, null]);
  await two.add("after");
  await expect.poll(async () => (await one.items()).length).toBe(5);
  expect(await one.items()).toEqual(await two.items());
  await one.saved("device");
  await two.reload();
  await two.open();
  expect(await two.items()).toEqual(await one.items());
});
