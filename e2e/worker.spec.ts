/** A browser ends the worker whenever it likes. Nobody may notice. */
import { needs } from "./harness/engine.ts";
import { expect, test } from "./fixtures.ts";

test("edits before, during and after the end of the worker are all kept", async ({ device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  const expected: string[] = [];
  const add = async (item: string): Promise<void> => {
    expected.push(item);
    await tab.add(item);
  };
  for (let round = 0; round < 8; round++) {
    await add(`${round} before`);
    if (round % 2 === 0) await tab.saved("device");
    const stopping = laptop.workers.stop();
    await add(`${round} during`);
    await stopping;
    await add(`${round} after`);
    if (round % 3 === 0) await tab.saved("device");
  }
  await tab.saved("device");
  expect(await tab.items()).toEqual(expected);

  await laptop.workers.stop();
  const next = await laptop.tab();
  await next.open();
  expect(await next.items()).toEqual(expected);
  // Both are connected again.
  await next.add("live");
  await expect.poll(() => tab.items()).toEqual([...expected, "live"]);
});

test("opening a document goes on with the next worker", async ({ device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  for (let round = 0; round < 10; round++) {
    const name = `list ${round}`;
    const opened = tab.open(name);
    await laptop.workers.stop();
    await opened;
    await tab.add("there", name);
    await tab.saved("device", name);
    // It is there, and is only to be had from the worker.
    await tab.reload();
    const again = tab.open(name);
    await laptop.workers.stop();
    await again;
    expect(await tab.items(name)).toEqual(["there"]);
  }
});

test("two tabs go on agreeing when the worker ends", async ({ device }) => {
  const laptop = await device("laptop");
  const [one, two] = [await laptop.tab(), await laptop.tab()];
  await one.open();
  await two.open();
  for (let round = 0; round < 4; round++) {
    await one.add(`one ${round}`);
    await laptop.workers.stop();
    await two.add(`two ${round}`);
    await expect.poll(async () => (await one.items()).length).toBe(2 * round + 2);
    await expect.poll(async () => (await two.items()).length).toBe(2 * round + 2);
  }
  expect(await one.items()).toEqual(await two.items());
});

test("waiting for the device goes on with the next worker", async ({ device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  for (let round = 0; round < 5; round++) {
    await tab.add(`item ${round}`);
    const saved = tab.saved("device");
    await laptop.workers.stop();
    await saved;
  }
  await tab.reload();
  await tab.open();
  expect((await tab.items()).length).toBe(5);
});

test("waiting for the bucket goes on with the next worker", async ({ device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  laptop.network.cut();
  await tab.add("waits");
  const saved = tab.saved("bucket");
  await laptop.workers.stop();
  await expect.poll(async () => (await tab.status()).pending.documents).toBe(1);
  await laptop.workers.stop();
  laptop.network.heal();
  await saved;

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["waits"]);
});

test("an upload that the end of the worker broke off is made again", async ({ stack, device }) => {
  needs("workers that wait");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  const putsUnderWay = (): number =>
    laptop.network.log.filter(
      ({ method, origin, status }) =>
        method === "PUT" && origin === stack.store.url && status === null,
    ).length;
  laptop.network.latency(1_000);
  for (let round = 0; round < 3; round++) {
    const before = putsUnderWay();
    await tab.add(`round ${round}`);
    await expect.poll(putsUnderWay, { intervals: [20] }).toBeGreaterThan(before);
    await laptop.workers.stop();
  }
  laptop.network.latency(0);
  await tab.saved("bucket");

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["round 0", "round 1", "round 2"]);
});

test("signing in survives the end of the worker", async ({ stack, device }) => {
  needs("workers that wait");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("made signed out");
  laptop.network.latency(500);
  const signedIn = tab.signUp();
  const asked = (): boolean =>
    laptop.network.log.some(
      ({ origin, path }) => origin === stack.service.url && path.startsWith("/v1/"),
    );
  await expect.poll(asked, { intervals: [20] }).toBe(true);
  await laptop.workers.stop();
  await signedIn;
  laptop.network.latency(0);
  await tab.open();
  await tab.saved("bucket");
  expect(await tab.items()).toEqual(["made signed out"]);
  expect((await tab.status()).auth).toBe("valid");
});
