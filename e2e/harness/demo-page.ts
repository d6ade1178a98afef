/** The demo app, as a person uses it. */
import type { Page } from "@playwright/test";
import { expect } from "@playwright/test";
import type { Device } from "./device.ts";

export async function openDemo(device: Device): Promise<Page> {
  const page = await device.page();
  await expectStarted(page);
  return page;
}

export async function expectStarted(page: Page): Promise<void> {
  await expect(page.getByTestId("status")).not.toHaveAttribute("data-state", "starting");
}

export async function expectState(page: Page, state: string): Promise<void> {
  await expect(page.getByTestId("status")).toHaveAttribute("data-state", state);
}

export async function addItem(page: Page, text: string): Promise<void> {
  await page.getByTestId("new-item").fill(text);
  await page.getByTestId("new-item").press("Enter");
}

/** Signs in with a new key, and returns it. */
export async function signUp(page: Page): Promise<string> {
  await page.getByTestId("sign-in").click();
  await page.getByTestId("choose-new-key").click();
  const key = (await page.getByTestId("new-key").textContent()) ?? "";
  await page.getByTestId("key-kept").check();
  await page.getByTestId("new-key-submit").click();
  await expect(page.getByTestId("sign-in-dialog")).toBeHidden();
  return key.trim();
}

export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByTestId("sign-in").click();
  await page.getByTestId("choose-have-key").click();
  await page.getByTestId("secret-key").fill(key);
  await page.getByTestId("secret-key-submit").click();
  await expect(page.getByTestId("sign-in-dialog")).toBeHidden();
}
