/** A browser that is killed: what was said to be on the device's disk is there. */
import { needs } from "./harness/engine.ts";
import { tearLog } from "./harness/torn-log.ts";
import { expect, test } from "./fixtures.ts";

test("what was saved on the device survives a kill", async ({ profile }) => {
  const laptop = await profile("laptop");
  const expected: string[] = [];
  for (let round = 0; round < 3; round++) {
    const tab = await (await laptop.open()).tab();
    await tab.open();
    expect(await tab.items()).toEqual(expected);
    for (const item of [`${round}a`, `${round}b`]) {
      await tab.add(item);
      expected.push(item);
    }
    await tab.saved("device");
    await laptop.kill();
  }
  const tab = await (await laptop.open()).tab();
  await tab.open();
  expect(await tab.items()).toEqual(expected);
});

test("half a record that a kill has left in Chromium's log costs nothing", async ({ profile }) => {
  needs("a log to tear");
  const laptop = await profile("laptop");
  const first = await (await laptop.open()).tab();
  await first.open();
  await first.add("before");
  await first.saved("device");
  await laptop.kill();
  await tearLog(laptop.directory);

  const second = await (await laptop.open()).tab();
  await second.open();
  const items = ["before", ...Array.from({ length: 20 }, (_none, index) => `after ${index}`)];
  for (const item of items.slice(1)) await second.add(item);
  await second.saved("device");
  await laptop.kill();

  const third = await (await laptop.open()).tab();
  await third.open();
  expect(await third.items()).toEqual(items);
});

test("what was not sent before a kill is sent after it", async ({ profile, device }) => {
  const laptop = await profile("laptop");
  const first = await laptop.open();
  const tab = await first.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  const { user } = await tab.status();
  first.network.cut();
  await tab.add("unsent");
  await tab.saved("device");
  await laptop.kill();

  first.network.heal();
  const again = await (await laptop.open()).tab();
  expect((await again.status()).user).toEqual(user);
  await again.open();
  await again.saved("bucket");
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["unsent"]);
});
