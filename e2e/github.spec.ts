/** Signing in at a provider that stands where GitHub does, in the demo, as a person would. */
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { addItem, expectStarted, expectState, openDemo } from "./harness/demo-page.ts";

test.use({ stackOptions: { demo: true, github: true } });

async function leaveForGithub(page: Page): Promise<void> {
  await page.getByTestId("sign-in").click();
  await page.getByTestId("sign-in-github").click();
  await expect(page.getByRole("link", { name: "Sign in as 583231" })).toBeVisible();
}

async function signIn(page: Page, account = "583231"): Promise<void> {
  await leaveForGithub(page);
  await page.getByRole("link", { name: `Sign in as ${account}` }).click();
  await expect(page.getByTestId("sign-out")).toBeVisible();
}

test("one account is one list on two devices, and what was made before comes along", async ({
  stack,
  device,
}) => {
  const laptop = await openDemo(await device("laptop"));
  await addItem(laptop, "made signed out");
  await signIn(laptop);
  // Neither the address nor the history holds the code.
  expect(new URL(laptop.url()).hash).toBe("");
  await expectState(laptop, "saved");
  const phone = await openDemo(await device("phone"));
  await signIn(phone);
  await expect(phone.getByText("made signed out")).toBeVisible();
  const each = ["authorization.success", "grant.success"];
  expect(stack.identity?.log).toEqual([...each, ...each]);
});

test("a sign-in that is cancelled leaves everything as it was, and says so", async ({ device }) => {
  const page = await openDemo(await device("laptop"));
  await addItem(page, "mine");
  await leaveForGithub(page);
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page.getByText("mine")).toBeVisible();
  await page.getByTestId("status").click();
  await expect(page.getByText("The sign-in was cancelled, or refused.")).toBeVisible();
  await page.keyboard.press("Escape");
  await signIn(page);
  await expect(page.getByText("mine")).toBeVisible();
});

test("another account on the same browser sees nothing of the first one's", async ({ device }) => {
  const page = await openDemo(await device("laptop"));
  await signIn(page);
  await addItem(page, "the first one's");
  await expectState(page, "saved");
  await page.getByTestId("sign-out").click();
  await page.getByTestId("sign-out-keep").click();
  await expect(page.getByTestId("sign-in")).toBeVisible();
  await signIn(page, "1024025");
  await expectState(page, "saved");
  await expect(page.getByText("the first one's")).toHaveCount(0);
});

test("a code that was begun elsewhere signs nobody in", async ({ device }) => {
  // A thief lets somebody open a link with a code of the thief's own account.
  const thief = await openDemo(await device("thief"));
  await leaveForGithub(thief);
  const callback = thief.waitForResponse((response) => response.url().includes("/callback"));
  await thief.getByRole("link", { name: "Sign in as 583231" }).click();
  const stolen = (await callback).headers()["location"] ?? "";
  expect(stolen).toContain("#presync-code=");

  const victim = await openDemo(await device("victim"));
  await victim.goto("about:blank");
  await victim.goto(stolen);
  await expectStarted(victim);
  await victim.getByTestId("status").click();
  await expect(victim.getByText("begun in another browser")).toBeVisible();
  await expect(victim.getByTestId("sign-out")).toBeHidden();
});
