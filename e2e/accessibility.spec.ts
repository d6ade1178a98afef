/** The demo under axe-core: no violation in any state a person comes by, light and dark. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { addItem } from "./harness/demo-page.ts";

test.use({ stackOptions: { demo: true } });

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

for (const colorScheme of ["light", "dark"] as const)
  test(`nobody is shut out, ${colorScheme}`, async ({ device }) => {
    const laptop = await device("laptop");
    const page = await laptop.page();
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await expect(page.getByTestId("status")).toHaveAttribute("data-state", "local");
    expect(await violations(page)).toEqual([]);

    await addItem(page, "milk");
    await page.getByTestId("item-expand").click();
    await expect(page.getByTestId("item-note")).toBeVisible();
    expect(await violations(page)).toEqual([]);

    // Somebody else writes in it.
    const other = await laptop.page();
    await other.getByTestId("item-expand").click();
    await other.getByTestId("item-note").fill("two litres");
    await expect(page.getByTestId("item-marks")).toBeVisible();
    await expect(page.getByTestId("guests")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await other.close();

    await page.getByTestId("status").click();
    await expect(page.getByTestId("status-dialog")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");

    await page.getByTestId("sign-in").click();
    await expect(page.getByTestId("sign-in-dialog")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.getByTestId("choose-new-key").click();
    await expect(page.getByTestId("new-key")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.getByTestId("key-kept").check();
    await page.getByTestId("new-key-submit").click();
    await expect(page.getByTestId("status")).toHaveAttribute("data-state", "saved");
    expect(await violations(page)).toEqual([]);
  });
