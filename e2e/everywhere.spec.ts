/** What every browser must do, in every engine: the promises of the README's first page. */
import type { Device } from "./harness/device.ts";
import { needs } from "./harness/engine.ts";
import { lastWords } from "./harness/last-words.ts";
import type { Tab } from "./harness/tab.ts";
import { untilKept } from "./harness/until-kept.ts";
import { expect, test } from "./fixtures.ts";

interface Pair {
  readonly laptop: Device;
  readonly tab: Tab;
  /** On another device, signed in as the same user, with the list open. */
  readonly phone: Tab;
  readonly phoneDevice: Device;
}

async function twoDevices(device: (name: string) => Promise<Device>): Promise<Pair> {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  const phoneDevice = await device("phone");
  const phone = await phoneDevice.tab();
  await phone.signIn(key);
  await phone.open();
  return { laptop, tab, phone, phoneDevice };
}

test("what one device does appears on the other", async ({ device }) => {
  const { tab, phone } = await twoDevices(device);
  await tab.add("from the laptop");
  await expect.poll(() => phone.items()).toEqual(["from the laptop"]);
  await phone.add("from the phone");
  await expect.poll(() => tab.items()).toEqual(["from the laptop", "from the phone"]);
  expect(await tab.heads()).toEqual(await phone.heads());
});

test("what is done offline is sent when there is a network again", async ({ device }) => {
  const { laptop, tab, phone } = await twoDevices(device);
  await tab.saved("bucket");
  laptop.network.cut();
  for (const item of ["one", "two", "three"]) await tab.add(item);
  await tab.saved("device");
  expect((await tab.status()).pending.documents).toBe(1);
  expect(await phone.items()).toEqual([]);
  laptop.network.heal();
  await tab.saved("bucket");
  await expect.poll(() => phone.items()).toEqual(["one", "two", "three"]);
});

test("the app opens offline, with what was done offline", async ({ device }) => {
  const { laptop, tab, phone } = await twoDevices(device);
  await untilKept(tab);
  laptop.network.cut();
  await tab.reload();
  await tab.open();
  await tab.add("offline");
  await tab.saved("device");
  await tab.reload();
  const other = await laptop.tab();
  for (const each of [tab, other]) {
    await each.open();
    expect(await each.items()).toEqual(["offline"]);
  }
  laptop.network.heal();
  await other.saved("bucket");
  await expect.poll(() => phone.items()).toEqual(["offline"]);
});

test("two tabs agree, without a network and signed out", async ({ device }) => {
  const laptop = await device("laptop");
  const [one, two] = [await laptop.tab(), await laptop.tab()];
  await one.open();
  await two.open();
  laptop.network.cut();
  await one.add("one");
  await expect.poll(() => two.items()).toEqual(["one"]);
  await two.add("two");
  await expect.poll(() => one.items()).toEqual(["one", "two"]);
  await Promise.all([one.add("one at once"), two.add("two at once")]);
  for (const tab of [one, two]) await expect.poll(async () => (await tab.items()).length).toBe(4);
  expect(await one.items()).toEqual(await two.items());
  expect(await one.heads()).toEqual(await two.heads());
});

test("two devices that contradict each other offline come to agree", async ({ device }) => {
  const { laptop, tab, phone, phoneDevice } = await twoDevices(device);
  await tab.add("common");
  await expect.poll(() => phone.items()).toEqual(["common"]);
  laptop.network.cut();
  phoneDevice.network.cut();
  for (const [name, each] of [
    ["laptop", tab],
    ["phone", phone],
  ] as const) {
    await each.evaluate((by) => {
      lists["todos"]!.change((list) => {
        // The same place twice: one of the two wins.
        list.items[0] = `changed by the ${by}`;
        list.items.push(`added by the ${by}`);
      });
    }, name);
    await each.saved("device");
  }
  laptop.network.heal();
  phoneDevice.network.heal();
  for (const each of [tab, phone])
    await expect.poll(async () => (await each.items()).length).toBe(3);
  await expect.poll(() => phone.items()).toEqual(await tab.items());
  expect(await tab.heads()).toEqual(await phone.heads());
  const [changed, ...added] = await tab.items();
  expect(changed).toMatch(/^changed by the (laptop|phone)$/);
  expect(added.toSorted()).toEqual(["added by the laptop", "added by the phone"]);
});

for (const how of ["closed", "navigated away"] as const)
  test(`the last edit of a tab that is ${how} at once`, async ({ device }) => {
    const { laptop, tab, phone } = await twoDevices(device);
    await tab.add("before");
    await tab.saved("device");
    await lastWords(tab, "last words", how);
    const next = await laptop.tab();
    await next.open();
    await expect.poll(() => next.items()).toEqual(["before", "last words"]);
    await expect.poll(() => phone.items()).toEqual(["before", "last words"]);
  });

test("a worker that ends at every step of a session is not missed", async ({ stack, device }) => {
  needs("ended workers");
  const { laptop, tab: first, phone } = await twoDevices(device);
  const { network, workers } = laptop;
  const asked = (method: string, origin: string): number =>
    network.log.filter((each) => each.method === method && each.origin === origin).length;
  /** Ends the worker in the middle of its next such request. */
  const stopDuring = async (
    method: string,
    origin: string,
    work: () => Promise<unknown>,
  ): Promise<void> => {
    network.latency(300);
    const before = asked(method, origin);
    const working = work();
    await expect.poll(() => asked(method, origin), { intervals: [20] }).toBeGreaterThan(before);
    await workers.stop();
    network.latency(0);
    await working;
  };

  await workers.stop();
  const tab = await laptop.tab();
  await workers.stop();
  await tab.open();
  await workers.stop();
  await tab.add("between open and edit");
  await workers.stop();
  await tab.saved("device");
  const saved = tab.add("between edit and saved").then(() => tab.saved("bucket"));
  await workers.stop();
  await saved;
  await stopDuring("PUT", stack.store.url, () => tab.add("during an upload"));
  await tab.saved("bucket");
  await workers.stop();

  const expected = ["between open and edit", "between edit and saved", "during an upload"];
  await first.open();
  expect(await first.items()).toEqual(expected);
  await expect.poll(() => phone.items()).toEqual(expected);

  // Somebody else on the same laptop, who has made something before signing in.
  await tab.signOut();
  await tab.open();
  await tab.add("while signing in");
  await stopDuring("POST", stack.service.url, () => tab.signUp());
  await tab.open();
  await tab.saved("bucket");
  expect(await tab.items()).toEqual(["while signing in"]);
});
