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
