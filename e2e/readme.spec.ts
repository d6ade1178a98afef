/** The README's page, as it stands there. */
import { readFileSync } from "node:fs";
import { expect, test } from "./fixtures.ts";
import type { StackOptions } from "./harness/stack.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const [, page = ""] = /<!-- example: list -->\s*```html\n([\s\S]*?)```/.exec(readme) ?? [];

const stackOptions: StackOptions = { page };
test.use({ stackOptions });

test("the README's page is a whole app, also without a network", async ({ stack, device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.context.newPage();
  await tab.goto(stack.app.url);
  // It can be clicked once the document is there.
  await tab.waitForFunction(() => document.querySelector("button")?.onclick !== null);
  await tab.getByRole("button", { name: "Add" }).click();
  await expect(tab.getByRole("listitem")).toHaveCount(1);
  await tab.reload();
  await expect(tab.getByRole("listitem")).toHaveCount(1);
  // The worker has taken what the page is made of.
  await expect
    .poll(() => tab.evaluate(async () => (await caches.match("/presync.js")) !== undefined))
    .toBe(true);
  laptop.network.cut();
  const other = await laptop.context.newPage();
  await other.goto(stack.app.url);
  await expect(other.getByRole("listitem")).toHaveCount(1);
});
