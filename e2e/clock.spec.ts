/** Devices whose clocks are wrong by hours: noticed from what the store answers, corrected for, and said. */
import { expect, test } from "./fixtures.ts";
import { expectState, openDemo } from "./harness/demo-page.ts";
import { needs } from "./harness/engine.ts";
import { moveWorkersClock } from "./harness/moved-clock.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Shorter than the clocks are wrong by: by them such a grant is over when it comes, or not begun. */
test.use({ stackOptions: { grantSeconds: 3600 } });

for (const hours of [3, -3])
  test(`a clock that is wrong by ${hours} hours is said, and does not age a grant`, async ({
    stack,
    device,
  }) => {
    await moveWorkersClock(stack.app, hours * hourMs);
    const laptop = await device("laptop");
    const tab = await laptop.tab();
    await tab.signUp();
    await tab.open();
    await tab.add("edit");
    await tab.saved("bucket");
    await expect
      .poll(async () => Math.abs((await tab.status()).clockAheadMs - hours * hourMs))
      .toBeLessThan(minuteMs);
    expect((await tab.status()).auth).toBe("valid");
  });

test.describe("with grants of seconds", () => {
  test.use({ stackOptions: { grantSeconds: 20 } });

  test("a clock that is behind does not put off what is to be renewed, in the next worker either", async ({
    stack,
    device,
  }) => {
    needs("ended workers");
    await moveWorkersClock(stack.app, -3 * hourMs);
    const laptop = await device("laptop");
    const tab = await laptop.tab();
    await tab.signUp();
    await tab.open();
    await tab.saved("bucket");
    const { grantExpiresAt } = await tab.status();
    await laptop.workers.stop();
    await expect
      .poll(async () => (await tab.status()).grantExpiresAt ?? 0)
      .toBeGreaterThan(grantExpiresAt ?? 0);
    // It was not the store's refusal that reminded it.
    expect(laptop.network.log.filter(({ status }) => status === 403)).toEqual([]);
  });
});

test.describe("in the demo", () => {
  test.use({ stackOptions: { demo: true } });

  test("it is said in words", async ({ stack, device }) => {
    await moveWorkersClock(stack.app, 5 * hourMs);
    const page = await openDemo(await device("laptop"));
    await page.getByTestId("sign-in").click();
    await page.getByTestId("choose-new-key").click();
    await page.getByTestId("key-kept").check();
    await page.getByTestId("new-key-submit").click();
    await expectState(page, "saved");
    await page.getByTestId("status").click();
    await expect(page.getByText("This device’s clock is 5 hours ahead.")).toBeVisible();
  });
});
