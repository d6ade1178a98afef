/** The tabs of one browser: they agree with each other, and what one leaves behind is not lost. */
import { expect, test } from "./fixtures.ts";
import { needs } from "./harness/engine.ts";
import { lastWords } from "./harness/last-words.ts";

test("two tabs agree, signed out and without a network", async ({ device }) => {
  const laptop = await device("laptop");
  const one = await laptop.tab();
  const two = await laptop.tab();
  await one.open();
  await two.open();
  laptop.network.cut();

  await one.add("from one");
  await expect.poll(() => two.items()).toEqual(["from one"]);
  await two.add("from two");
  await expect.poll(() => one.items()).toEqual(["from one", "from two"]);
  expect(await one.heads()).toEqual(await two.heads());
});

test("two tabs that type at the same time agree", async ({ device }) => {
  const laptop = await device("laptop");
  const [one, two] = [await laptop.tab(), await laptop.tab()];
  await one.open();
  await two.open();
  await Promise.all([
    ...Array.from({ length: 20 }, (_, index) => one.add(`one ${index}`)),
    ...Array.from({ length: 20 }, (_, index) => two.add(`two ${index}`)),
  ]);
  await expect.poll(async () => (await one.items()).length).toBe(40);
  await expect.poll(async () => (await two.items()).length).toBe(40);
  expect(await one.items()).toEqual(await two.items());
});

test("signing in and out in one tab is seen in the other", async ({ device }) => {
  const laptop = await device("laptop");
  const [one, two] = [await laptop.tab(), await laptop.tab()];
  await one.open();
  await one.add("mine");
  await one.signUp();
  await expect.poll(async () => (await two.status()).auth).toBe("valid");
  await two.open();
  expect(await two.items()).toEqual(["mine"]);
  await one.signOut();
  await expect.poll(async () => (await two.status()).user).toBeNull();
  await two.open();
  expect(await two.items()).toEqual([]);
});

for (const how of ["closed", "navigated away"] as const)
  for (const worker of ["running", "stopped"] as const)
    test(`a tab ${how} right after an edit, the worker ${worker}`, async ({ device }) => {
      if (worker === "stopped") needs("ended workers");
      const laptop = await device("laptop");
      const tab = await laptop.tab();
      await tab.open();
      await tab.add("before");
      await tab.saved("device");
      if (worker === "stopped") await laptop.workers.stop();
      await lastWords(tab, "last words", how);

      const next = await laptop.tab();
      await next.open();
      await expect.poll(() => next.items()).toEqual(["before", "last words"]);
    });

test("a tab whose own script closes it right after an edit", async ({ device }) => {
  needs("popups");
  const laptop = await device("laptop");
  const tab = await laptop.popup(await laptop.tab());
  await tab.open();
  const edit = tab.evaluate(() => {
    lists["todos"]!.change((list) => void list.items.push("last words"));
    globalThis.close();
  });
  // Nobody may be left to answer.
  await edit.catch(() => undefined);
  await tab.untilClosed();
  const next = await laptop.tab();
  await next.open();
  await expect.poll(() => next.items()).toEqual(["last words"]);
});

test("the last words of a browser's only tab reach the other device", async ({ device }) => {
  needs("workers that outlive their tabs");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await tab.add("last words");
  await tab.close();
  await expect.poll(() => phone.items()).toEqual(["last words"]);
});
