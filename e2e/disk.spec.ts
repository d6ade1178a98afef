/** A full disk: the status says so, nothing is lost while the tab is open, and all is stored when there is room. */
import { expect, test } from "./fixtures.ts";
import { needs } from "./harness/engine.ts";

/** Chromium asks how much room there is twice a minute, and we try again after up to a quarter of one. */
const noticeMsMax = 50_000;

test("edits on a full disk are kept, and stored when there is room", async ({ stack, device }) => {
  needs("a full disk");
  test.slow();
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("before");
  await tab.saved("device");
  await laptop.workers.limitStorage(stack.app.url, 1);

  let added = 1;
  const addAndLook = async (): Promise<string> => {
    await tab.add(`${added} ${"x".repeat(20_000)}`);
    added++;
    return (await tab.status()).device;
  };
  await expect.poll(addAndLook, { timeout: noticeMsMax }).toBe("failing");
  const { problems } = await tab.status();
  expect(problems.map(({ code }) => code)).toContain("disk-full");
  await tab.add("on a full disk");
  added++;
  expect((await tab.items()).length).toBe(added);

  await laptop.workers.limitStorage(stack.app.url, undefined);
  await expect
    .poll(() => tab.status(), { timeout: noticeMsMax })
    .toMatchObject({ device: "saved", problems: [] });
  await tab.saved("device");
  await tab.reload();
  await tab.open();
  const items = await tab.items();
  expect(items.length).toBe(added);
  expect(items.at(-1)).toBe("on a full disk");
});
