/** Changes are told of over one stream in the worker; without it, or with a broken one, they are found by polling. */
import type { ChaosProxy } from "./harness/chaos-proxy.ts";
import type { Device } from "./harness/device.ts";
import type { Stack } from "./harness/stack.ts";
import type { Tab } from "./harness/tab.ts";
import { needs } from "./harness/engine.ts";
import { expect, test } from "./fixtures.ts";

test.beforeEach(() => needs("workers that keep a stream"));

const hintsOf = async (tab: Tab): Promise<string> => (await tab.status()).hints;

/** For `expect.poll`: what takes longer is no matter of hints any more. */
const soon = { timeout: 15_000 };

/** How long a tab is left alone, to see what it asks. */
const idleMs = 12_000;

interface Pair {
  readonly laptop: Tab;
  readonly phone: Tab;
  readonly laptopDevice: Device;
  readonly phoneDevice: Device;
}

async function pair(device: (name: string) => Promise<Device>): Promise<Pair> {
  const [laptopDevice, phoneDevice] = [await device("laptop"), await device("phone")];
  const laptop = await laptopDevice.tab();
  const key = await laptop.signUp();
  await laptop.open();
  await laptop.saved("bucket");
  const phone = await phoneDevice.tab();
  await phone.signIn(key);
  await phone.open();
  await phone.saved("bucket");
  return { laptop, phone, laptopDevice, phoneDevice };
}

const readsOf = ({ log }: ChaosProxy, stack: Stack, from: number): number =>
  log.slice(from).filter(({ method, origin }) => method === "GET" && origin === stack.store.url)
    .length;

/** Until nothing is asked for any more that a start asks for. */
async function quiet({ log }: ChaosProxy): Promise<void> {
  let before = -1;
  await expect
    .poll(
      () => {
        const isQuiet = log.length === before;
        before = log.length;
        return isQuiet;
      },
      { intervals: [4_000], timeout: 60_000 },
    )
    .toBe(true);
}

test.describe("with a bucket that nobody watches", () => {
  // What it would find leads to looks at moments of its own.
  test.use({ stackOptions: { hints: { watchMs: 0 } } });

  test("an edit is seen at once, and an idle tab asks for nothing", async ({ stack, device }) => {
    test.setTimeout(120_000);
    const { laptop, phone, phoneDevice } = await pair(device);
    for (const tab of [laptop, phone]) await expect.poll(() => hintsOf(tab), soon).toBe("live");
    await quiet(phoneDevice.network);
    const idleFrom = phoneDevice.network.log.length;
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    // Without hints it would be four for each device that was lively just now.
    expect(readsOf(phoneDevice.network, stack, idleFrom)).toBeLessThanOrEqual(1);

    const editFrom = phoneDevice.network.log.length;
    await laptop.add("told of");
    await laptop.saved("bucket");
    await expect.poll(() => phone.items(), soon).toEqual(["told of"]);
    // The manifest, and once more where the listing shows it changed, too.
    expect(readsOf(phoneDevice.network, stack, editFrom)).toBeLessThanOrEqual(3);
    await expect.poll(() => hintsOf(phone), soon).toBe("live");
  });
});

test.describe("with a bucket that is watched every second", () => {
  test.use({ stackOptions: { hints: { watchMs: 1_000 } } });

  test("what nobody reports is seen in an open tab", async ({ stack, device }) => {
    const { laptop, phone, phoneDevice } = await pair(device);
    await expect.poll(() => hintsOf(laptop), soon).toBe("live");
    // As a script with a grant of its own, which knows the store alone.
    phoneDevice.network.cut(stack.service.url);
    await phone.add("from a script");
    await phone.saved("bucket");
    await expect.poll(() => laptop.items(), soon).toEqual(["from a script"]);
    await expect.poll(() => hintsOf(laptop), soon).toBe("live");
  });

  test("what an administrator puts into the bucket is seen in an open tab", async ({
    stack,
    device,
  }) => {
    test.setTimeout(150_000);
    const { laptop, laptopDevice, phone, phoneDevice } = await pair(device);
    const { namespace = "", replica = "" } = (await phone.status()).user ?? {};
    const key = `${namespace}/${replica}/manifest`;
    laptopDevice.network.cut();
    await expect.poll(() => hintsOf(laptop), soon).not.toBe("live");
    const { body: before } = await stack.store.admin.get(key);
    await phone.add("from a backup");
    await phone.saved("bucket");
    await phoneDevice.close();
    const { body: after } = await stack.store.admin.get(key);
    await stack.store.admin.put(key, before);
    laptopDevice.network.heal();
    await expect.poll(() => hintsOf(laptop), { timeout: 60_000 }).toBe("live");
    await quiet(laptopDevice.network);
    expect(await laptop.items()).toEqual([]);
    await stack.store.admin.put(key, after);
    await expect.poll(() => laptop.items(), soon).toEqual(["from a backup"]);
  });
});

test("a proxy that keeps the stream to itself costs the hints, and nothing else", async ({
  device,
}) => {
  const laptopDevice = await device("laptop");
  laptopDevice.network.buffer("/v1/hints");
  const laptop = await laptopDevice.tab();
  const key = await laptop.signUp();
  await laptop.open();
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await phone.add("polled for");
  await expect.poll(() => laptop.items()).toEqual(["polled for"]);
  // Until the first stream was given up and the second was tried.
  await expect
    .poll(() => laptopDevice.network.log.filter(({ path }) => path === "/v1/hints").length, {
      timeout: 30_000,
    })
    .toBeGreaterThan(2);
  await expect.poll(() => hintsOf(laptop), soon).toBe("connecting");
  await phone.add("and again");
  await expect.poll(() => laptop.items()).toEqual(["polled for", "and again"]);
});

test("a stream that is cut is done without, and taken up again", async ({ stack, device }) => {
  test.setTimeout(150_000);
  const { laptop, laptopDevice, phone } = await pair(device);
  await expect.poll(() => hintsOf(laptop), soon).toBe("live");
  laptopDevice.network.cut(stack.service.url);
  await expect.poll(() => hintsOf(laptop), soon).toBe("connecting");
  await phone.add("while it is cut");
  await expect.poll(() => laptop.items(), soon).toEqual(["while it is cut"]);
  expect(await laptop.status()).toMatchObject({ bucket: "saved", problems: [] });
  laptopDevice.network.heal();
  // After the longest pause there is between attempts.
  await expect.poll(() => hintsOf(laptop), { timeout: 90_000 }).toBe("live");
});

test("one stream serves all tabs, and signing out ends it", async ({ device }) => {
  const laptopDevice = await device("laptop");
  const first = await laptopDevice.tab();
  await first.signUp();
  await first.open();
  await expect.poll(() => hintsOf(first), soon).toBe("live");
  const second = await laptopDevice.tab();
  await second.open();
  await expect.poll(() => hintsOf(second), soon).toBe("live");
  const streams = (): number =>
    laptopDevice.network.log.filter(({ method, path }) => method === "GET" && path === "/v1/hints")
      .length;
  await expect.poll(streams, soon).toBe(1);
  await first.signOut();
  await expect.poll(() => hintsOf(second), soon).toBe("off");
});
