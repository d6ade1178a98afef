/** Documents between devices, with nothing but the bucket between them. */
import { expect, test } from "./fixtures.ts";

test("what one device makes appears on the other while the service is down", async ({
  stack,
  device,
}) => {
  const laptop = await (await device("laptop")).tab();
  const key = await laptop.signUp();
  await laptop.open();
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await stack.service.stop();

  await laptop.add("from the laptop");
  await laptop.saved("bucket");
  await expect.poll(() => phone.items()).toEqual(["from the laptop"]);

  await phone.add("from the phone");
  await phone.saved("bucket");
  await expect.poll(() => laptop.items()).toEqual(["from the laptop", "from the phone"]);
  expect(await laptop.heads()).toEqual(await phone.heads());
});

test("a device reads another that did not exist when its grant was made", async ({
  stack,
  device,
}) => {
  const laptopDevice = await device("laptop");
  const laptop = await laptopDevice.tab();
  const key = await laptop.signUp();
  await laptop.open();
  const { grantExpiresAt } = await laptop.status();
  // From here on the laptop has what it has.
  laptopDevice.network.cut(stack.service.url);

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await phone.add("from a newcomer");
  await phone.saved("bucket");

  await expect.poll(() => laptop.items()).toEqual(["from a newcomer"]);
  const { user } = await phone.status();
  await expect
    .poll(async () => (await laptop.status()).peers.map(({ replica }) => replica))
    .toContain(user?.replica);
  expect((await laptop.status()).grantExpiresAt).toBe(grantExpiresAt);
});

test("a device reads documents without opening them", async ({ device }) => {
  const laptop = await (await device("laptop")).tab();
  const key = await laptop.signUp();
  await laptop.open("notes");
  await laptop.add("milk", "notes");
  await laptop.saved("bucket", "notes");
  const url = await laptop.evaluate(() => lists["notes"]!.url);
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  const peek = (): Promise<unknown> => phone.evaluate((of) => presync.peek([of]), url);
  await expect.poll(peek).toEqual([{ items: ["milk"] }]);
  expect(await phone.evaluate(() => Object.keys(presync.repo.handles))).toEqual([]);
});

test("a device that signs in later gets everything", async ({ stack, device }) => {
  const laptopDevice = await device("laptop");
  const laptop = await laptopDevice.tab();
  const key = await laptop.signUp();
  // More than fits into a manifest, over several publications and two documents.
  const long = Array.from({ length: 40 }, () => crypto.randomUUID()).join(" ");
  await laptop.open("notes");
  await laptop.add(long, "notes");
  await laptop.saved("bucket", "notes");
  await laptop.open();
  for (const item of ["one", "two", "three"]) {
    await laptop.add(item);
    await laptop.saved("bucket");
  }
  const heads = await laptop.heads();
  await laptopDevice.close();

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await stack.service.stop();
  await phone.open();
  await phone.open("notes");
  await expect.poll(() => phone.items()).toEqual(["one", "two", "three"]);
  await expect.poll(() => phone.items("notes")).toEqual([long]);
  expect(await phone.heads()).toEqual(heads);
});

test("two devices that edit one list offline converge", async ({ device }) => {
  const [laptopDevice, phoneDevice] = [await device("laptop"), await device("phone")];
  const laptop = await laptopDevice.tab();
  const key = await laptop.signUp();
  await laptop.open();
  await laptop.add("common");
  await laptop.saved("bucket");
  const phone = await phoneDevice.tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["common"]);

  laptopDevice.network.cut();
  phoneDevice.network.cut();
  for (const item of ["l1", "l2", "l3"]) await laptop.add(item);
  for (const item of ["p1", "p2", "p3"]) await phone.add(item);
  await laptop.saved("device");
  await phone.saved("device");
  expect(await laptop.items()).toEqual(["common", "l1", "l2", "l3"]);
  expect(await phone.items()).toEqual(["common", "p1", "p2", "p3"]);

  laptopDevice.network.heal();
  phoneDevice.network.heal();
  await laptop.saved("bucket");
  await phone.saved("bucket");
  await expect.poll(async () => (await laptop.items()).length).toBe(7);
  await expect.poll(async () => (await phone.items()).length).toBe(7);
  expect(await laptop.items()).toEqual(await phone.items());
  expect(await laptop.heads()).toEqual(await phone.heads());
});
