/** The demo app, used as a person would. */
import type { Locator, Page } from "@playwright/test";
import { addItem, expectState, openDemo, signIn, signUp } from "./harness/demo-page.ts";
import { buildOf } from "./harness/variants.ts";
import { expect, test } from "./fixtures.ts";

test.use({ stackOptions: { demo: true } });

function texts(page: Page): Locator {
  return page.getByTestId("item-text");
}

test("a list without an account stays in the browser", async ({ device }) => {
  const laptop = await device("laptop");
  const page = await openDemo(laptop);
  await expect(page.getByTestId("empty")).toBeVisible();
  await addItem(page, "milk");
  await addItem(page, "bread");
  await expect(texts(page)).toHaveText(["milk", "bread"]);
  await expectState(page, "local");
  await page.reload();
  await expect(texts(page)).toHaveText(["milk", "bread"]);
  expect(laptop.console.filter((line) => line.includes("Content Security Policy"))).toEqual([]);
});

test("what one device adds appears on the other, also without the service", async ({
  stack,
  device,
}) => {
  const laptop = await openDemo(await device("laptop"));
  await addItem(laptop, "made before signing in");
  const key = await signUp(laptop);
  await expectState(laptop, "saved");
  const phone = await openDemo(await device("phone"));
  await signIn(phone, key);
  await expect(texts(phone)).toHaveText(["made before signing in"]);
  await stack.service.stop();
  await addItem(phone, "from the phone");
  await expectState(phone, "saved");
  await expect(texts(laptop)).toHaveText(["made before signing in", "from the phone"]);
});

test("it works without a network from the first visit on", async ({ stack, device }) => {
  const laptop = await device("laptop");
  const page = await openDemo(laptop);
  const key = await signUp(page);
  await expectState(page, "saved");
  laptop.network.cut();
  await page.reload();
  await addItem(page, "offline");
  await expect(texts(page)).toHaveText(["offline"]);
  await expectState(page, "waiting");
  await page.reload();
  await expect(texts(page)).toHaveText(["offline"]);
  await stack.app.stop();
  laptop.network.heal();
  await expectState(page, "saved");
  await stack.app.start();
  const phone = await openDemo(await device("phone"));
  await signIn(phone, key);
  await expect(texts(phone)).toHaveText(["offline"]);
});

test("signing out leaves nothing to see", async ({ device }) => {
  const page = await openDemo(await device("laptop"));
  const key = await signUp(page);
  await addItem(page, "mine");
  await expectState(page, "saved");
  await page.getByTestId("sign-out").click();
  await page.getByTestId("sign-out-erase").click();
  await expect(page.getByTestId("sign-out-dialog")).toBeHidden();
  await expect(page.getByTestId("empty")).toBeVisible();
  await expect(page.getByTestId("item")).toHaveCount(0);
  await signIn(page, key);
  await expect(texts(page)).toHaveText(["mine"]);
});

test("the status tells of a store that is down", async ({ stack, device }) => {
  const page = await openDemo(await device("laptop"));
  await signUp(page);
  await expectState(page, "saved");
  await stack.store.stop();
  await addItem(page, "meanwhile");
  await expectState(page, "waiting");
  await stack.store.start();
  await expectState(page, "saved");
});

test.describe("with grants of seconds", () => {
  test.use({ stackOptions: { demo: true, grantSeconds: 4 } });

  test("the status tells of an access that has ended", async ({ stack, device }) => {
    const page = await openDemo(await device("laptop"));
    await signUp(page);
    await expectState(page, "saved");
    await stack.service.stop();
    await addItem(page, "soon after");
    await expectState(page, "expired");
    await addItem(page, "work goes on");
    await expect(texts(page)).toHaveText(["soon after", "work goes on"]);
    await stack.service.start();
    await expectState(page, "saved");
  });
});

for (const protocol of [null, 999])
  test(`one click takes the newer version (${protocol === null ? "understood" : "required"})`, async ({
    stack,
    device,
  }) => {
    const page = await openDemo(await device("laptop"));
    await addItem(page, "before");
    await expectState(page, "local");
    for (const file of ["presync-sw.js", "presync.js"] as const)
      stack.app.replace(`/${file}`, await buildOf(file, { name: "next", protocol }));
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      await registration.update();
    });
    await expect(page.getByTestId("update")).toBeVisible();
    await addItem(page, "in between");
    await expectState(page, protocol === null ? "local" : "waiting");
    await page.getByTestId("update-now").click();
    await expect(page.getByTestId("update")).toBeHidden();
    await expect(texts(page)).toHaveText(["before", "in between"]);
    await addItem(page, "after");
    await expectState(page, "local");
  });
