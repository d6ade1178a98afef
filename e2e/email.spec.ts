/** Signing in with a mailed link, in the demo, as a person would: the mails go through a real SMTP server. */
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { addItem, expectStarted, expectState, openDemo } from "./harness/demo-page.ts";
import type { Stack } from "./harness/stack.ts";

test.use({ stackOptions: { demo: true, email: true } });

const address = "ada@example.com";

async function askForMail(page: Page, to = address): Promise<void> {
  await page.getByTestId("sign-in").click();
  await page.getByTestId("sign-in-email").click();
  await page.getByTestId("mail-address").fill(to);
  await page.getByTestId("mail-submit").click();
  await expect(page.getByTestId("mail-sent")).toContainText(to);
}

/** Waits for that many mails, and returns the link in the newest one. */
async function mailedLink({ mail }: Stack, count: number): Promise<string> {
  await expect.poll(() => mail?.received.length).toBe(count);
  const { text, to } = { ...mail!.received.at(-1)!, ...mail!.received.at(-1)!.mail };
  expect(to).toHaveLength(1);
  return /^http\S+$/m.exec(text ?? "")?.[0] ?? "";
}

/** In a tab of the page's browser, as a mail program opens it; and presses its button. */
async function follow(page: Page, link: string): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto(link);
  await expect(tab.getByRole("heading", { name: "Sign in to Shared list?" })).toBeVisible();
  await tab.getByRole("button", { name: "Sign in" }).click();
  return tab;
}

test("a mailed link signs in, in the tab that asked as well, and the second device finds the list", async ({
  stack,
  device,
}) => {
  const asking = await openDemo(await device("laptop"));
  await addItem(asking, "made signed out");
  await askForMail(asking);
  const tab = await follow(asking, await mailedLink(stack, 1));
  for (const page of [tab, asking]) {
    await expect(page.getByTestId("sign-out")).toBeVisible();
    await expect(page.getByText("made signed out")).toBeVisible();
    await expectState(page, "saved");
  }
  expect(new URL(tab.url()).hash).toBe("");
  const phone = await openDemo(await device("phone"));
  await askForMail(phone);
  await follow(phone, await mailedLink(stack, 2));
  await expect(phone.getByText("made signed out")).toBeVisible();
});

test("a link that is opened elsewhere shows a code to type where it was asked for", async ({
  stack,
  device,
}) => {
  const laptop = await openDemo(await device("laptop"));
  await askForMail(laptop);
  const link = await mailedLink(stack, 1);
  const phone = await openDemo(await device("phone"));
  const tab = await follow(phone, link);
  await expect(tab.getByRole("heading", { name: "Type this code" })).toBeVisible();
  await expect(phone.getByTestId("sign-in")).toBeVisible();
  const code = await tab.locator("output").innerText();
  expect(code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);

  // The dialog may be closed meanwhile.
  await laptop.keyboard.press("Escape");
  await laptop.getByTestId("sign-in").click();
  await laptop.getByTestId("sign-in-email").click();
  await laptop.getByTestId("have-code").click();
  await laptop.getByTestId("mail-code").fill("K7QF-2M9X");
  await laptop.getByTestId("code-submit").click();
  await expect(laptop.getByTestId("code-error")).toContainText("does not fit");
  await laptop.getByTestId("mail-code").fill(code.toLowerCase().replace("-", " "));
  await laptop.getByTestId("code-submit").click();
  await expect(laptop.getByTestId("sign-out")).toBeVisible();
  await expectState(laptop, "saved");
});

test("a browser without service workers shows the code, too", async ({ stack, device }) => {
  const laptop = await openDemo(await device("laptop"));
  await askForMail(laptop);
  const phone = await device("phone");
  await phone.context.addInitScript(() => {
    delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
  });
  const page = await phone.page();
  await page.goto(await mailedLink(stack, 1));
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Type this code" })).toBeVisible();
  await laptop.getByTestId("mail-code").fill(await page.locator("output").innerText());
  await laptop.getByTestId("code-submit").click();
  await expect(laptop.getByTestId("sign-out")).toBeVisible();
});

test("of two mails that were asked for the first one signs in as well", async ({
  stack,
  device,
}) => {
  const page = await openDemo(await device("laptop"));
  await askForMail(page);
  const link = await mailedLink(stack, 1);
  await page.getByRole("button", { name: "Send another mail" }).click();
  await page.getByTestId("mail-submit").click();
  await mailedLink(stack, 2);
  await follow(page, link);
  await expect(page.getByTestId("sign-out")).toBeVisible();
  // The dialog that asked is closed with it.
  await page.getByTestId("sign-out").click();
});

test("a link is good once, and what only looks at it uses nothing up", async ({
  stack,
  device,
}) => {
  const page = await openDemo(await device("laptop"));
  await askForMail(page);
  const link = await mailedLink(stack, 1);
  // As a mail program does that shows a preview, or checks links.
  for (let look = 0; look < 2; look++) expect((await fetch(link)).status).toBe(200);
  const tab = await follow(page, link);
  await expect(tab.getByTestId("sign-out")).toBeVisible();
  await expectStarted(tab);
  await tab.goto(link);
  await expect(tab.getByRole("heading", { name: "This link is over" })).toBeVisible();
});

test("what is no address is said at once, and the next address is another user", async ({
  stack,
  device,
}) => {
  const page = await openDemo(await device("laptop"));
  await page.getByTestId("sign-in").click();
  await page.getByTestId("sign-in-email").click();
  await page.getByTestId("mail-address").fill("ada@localhost");
  await page.getByTestId("mail-submit").click();
  await expect(page.getByTestId("mail-error")).toContainText("not an email address");
  await page.keyboard.press("Escape");
  await askForMail(page);
  const tab = await follow(page, await mailedLink(stack, 1));
  await expect(tab.getByTestId("sign-out")).toBeVisible();
  await addItem(tab, "ada's");
  await expectState(tab, "saved");
  await tab.close();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("sign-out-keep").click();
  await expect(page.getByTestId("sign-in")).toBeVisible();
  await askForMail(page, "grace@example.com");
  const other = await follow(page, await mailedLink(stack, 2));
  await expect(other.getByTestId("sign-out")).toBeVisible();
  await expectState(other, "saved");
  await expect(other.getByText("ada's")).toHaveCount(0);
});
