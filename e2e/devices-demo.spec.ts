/** The demo's devices, as a person manages them. */
import { readFile } from "node:fs/promises";
import { AxeBuilder } from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import { listKeys } from "./harness/bucket-content.ts";
import { addItem, expectState, openDemo, signIn, signUp } from "./harness/demo-page.ts";
import { needs } from "./harness/engine.ts";
import { expect, test } from "./fixtures.ts";

test.use({ stackOptions: { demo: true, grantSeconds: 20 } });

async function openDevices(page: Page): Promise<Locator> {
  await page.getByTestId("devices").click();
  const rows = page.getByTestId("device");
  await expect(rows).not.toHaveCount(0);
  return rows;
}

test("a device is renamed, retired and removed, and then everything is deleted", async ({
  stack,
  device,
}) => {
  const machine = await device("laptop");
  const laptop = await openDemo(machine);
  const key = await signUp(laptop);
  await addItem(laptop, "milk");
  await expectState(laptop, "saved");
  const phone = await openDemo(await device("phone"));
  await signIn(phone, key);
  await addItem(phone, "bread");
  await expectState(phone, "saved");
  await expect(laptop.getByTestId("item-text")).toHaveText(["milk", "bread"]);

  const rows = await openDevices(laptop);
  await expect(rows).toHaveCount(2);
  const own = rows.filter({ hasText: "This device" });
  const other = rows.filter({ hasNotText: "This device" });
  await expect(own.getByTestId("device-retire")).toBeHidden();
  await expect(other.getByTestId("device-facts")).toContainText(/wrote .* in \d+ object/);
  await other.getByTestId("device-name").fill("The phone");
  await other.getByTestId("device-rename").click();
  await expect(laptop.getByRole("button", { name: "Retire The phone" })).toBeVisible();
  const { violations } = await new AxeBuilder({ page: laptop }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);

  // So that it cannot take anything over.
  machine.network.cut(stack.store.url);
  await laptop.getByRole("button", { name: "Retire The phone" }).click();
  await expect(laptop.getByTestId("devices-ask-words")).toContainText(
    "The phone will be signed out",
  );
  await laptop.getByTestId("devices-do").click();
  await expect(other.getByTestId("device-facts")).toContainText("Retired");
  await expectState(phone, "expired");

  await laptop.getByRole("button", { name: "Remove The phone" }).click();
  await expect(laptop.getByTestId("devices-ask-words")).toContainText("not taken over yet");
  await laptop.getByTestId("devices-do").click();
  await expect(rows).toHaveCount(1);
  await expect(laptop.getByTestId("devices-error")).toBeHidden();
  machine.network.heal();

  await laptop.getByTestId("devices-delete-all").click();
  await expect(laptop.getByTestId("devices-ask-words")).toContainText("from the cloud");
  await laptop.getByTestId("devices-do").click();
  // Several attempts, where workers are ended in the middle of each.
  await expect(laptop.getByTestId("devices-dialog")).toBeHidden({ timeout: 90_000 });
  await expectState(laptop, "local");
  await expect(laptop.getByTestId("item-text")).toHaveCount(0);
  const left = await listKeys(stack.store.admin);
  expect(left.filter((each) => /browser-|sessions/.test(each))).toEqual([]);
});

test("everything is downloaded", async ({ device }) => {
  needs("news of downloads");
  const laptop = await openDemo(await device("laptop"));
  await signUp(laptop);
  await addItem(laptop, "milk");
  await expectState(laptop, "saved");
  await openDevices(laptop);
  const download = laptop.waitForEvent("download");
  await laptop.getByTestId("devices-export").click();
  const archive = await readFile(await (await download).path(), "latin1");
  expect(archive).toContain("account.json");
  expect(archive).toContain('"text": "milk"');
});
