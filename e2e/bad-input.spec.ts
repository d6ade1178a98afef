/** Damaged and foreign objects in the bucket: they are reported by key, harm nothing else, and can be mended. */
import type { BucketClient } from "../scripts/dev-store/conformance/client.ts";
import { openEnvelope, sealEnvelope } from "../shared/codecs/envelope.ts";
import type { Manifest } from "../shared/codecs/manifest.ts";
import { decodeManifest, encodeManifest } from "../shared/codecs/manifest.ts";
import { nodeTools } from "./harness/bucket-content.ts";
import type { Device } from "./harness/device.ts";
import type { Tab } from "./harness/tab.ts";
import { expect, test } from "./fixtures.ts";

interface TwoDevices {
  readonly laptop: Tab;
  readonly phone: Tab;
  readonly laptopDevice: Device;
  /** Below which keys each of them writes. */
  readonly laptopPrefix: string;
  readonly phonePrefix: string;
}

/** Both have the one item, and the laptop writes no more: its own objects would be mended by it. */
async function twoDevices(device: (name: string) => Promise<Device>): Promise<TwoDevices> {
  const laptopDevice = await device("laptop");
  const laptop = await laptopDevice.tab();
  const key = await laptop.signUp();
  await laptop.open();
  await laptop.add("common");
  await laptop.saved("bucket");
  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["common"]);
  await phone.saved("bucket");
  const [laptopPrefix, phonePrefix] = [await prefixOf(laptop), await prefixOf(phone)];
  return { laptop, laptopDevice, phone, laptopPrefix, phonePrefix };
}

async function prefixOf(tab: Tab): Promise<string> {
  const { user } = await tab.status();
  return `${user?.namespace}/${user?.replica}`;
}

async function overwrite(bucket: BucketClient, key: string, body: Uint8Array): Promise<void> {
  const { status } = await bucket.put(key, body);
  expect(status).toBe(200);
}

async function problems(tab: Tab): Promise<string[]> {
  return (await tab.status()).problems.map(({ code, key }) => `${code} ${key}`);
}

const damages: Readonly<Record<string, (good: Buffer) => Buffer>> = {
  "text that is no object of ours": () => Buffer.from("<html>not found</html>"),
  "an empty object": () => Buffer.alloc(0),
  "a byte that has flipped": (good) => {
    const bad = Buffer.from(good);
    bad[bad.length - 1]! ^= 1;
    return bad;
  },
  "half of the object": (good) => good.subarray(0, good.length / 2),
};

for (const [what, damage] of Object.entries(damages))
  test(`a manifest damaged: ${what}`, async ({ stack, device }) => {
    const { admin } = stack.store;
    const { laptopDevice, phone, laptopPrefix } = await twoDevices(device);
    await laptopDevice.close();
    const key = `${laptopPrefix}/manifest`;
    const good = (await admin.get(key)).body;
    await overwrite(admin, key, damage(good));

    await expect.poll(() => problems(phone)).toEqual([`malformed ${key}`]);
    await phone.add("work goes on");
    await phone.saved("bucket");
    expect(await phone.status()).toMatchObject({ bucket: "saved", device: "saved" });

    await overwrite(admin, key, good);
    await expect.poll(() => problems(phone)).toEqual([]);
    expect(await phone.items()).toEqual(["common", "work goes on"]);
  });

test("a device mends its own damaged manifest", async ({ stack, device }) => {
  const { admin } = stack.store;
  const { laptop, laptopDevice, phone, laptopPrefix } = await twoDevices(device);
  const key = `${laptopPrefix}/manifest`;
  await overwrite(admin, key, Buffer.from("damaged"));
  // A device looks at its own manifest rarely, but always when its worker starts.
  await laptopDevice.workers.stop();
  const isWhole = async (): Promise<boolean> => {
    try {
      await openEnvelope((await admin.get(key)).body, "manifest", nodeTools);
      return true;
    } catch {
      return false;
    }
  };
  await expect.poll(isWhole).toBe(true);
  await laptop.add("afterwards");
  await expect.poll(() => phone.items()).toEqual(["common", "afterwards"]);
  await expect.poll(() => problems(phone)).toEqual([]);
  await expect.poll(() => problems(laptop)).toEqual([]);
});

test("a manifest of another replica is not taken for this one's", async ({ stack, device }) => {
  const { admin } = stack.store;
  const { laptopDevice, phone, laptopPrefix, phonePrefix } = await twoDevices(device);
  await laptopDevice.close();
  const key = `${laptopPrefix}/manifest`;
  const good = (await admin.get(key)).body;
  await overwrite(admin, key, (await admin.get(`${phonePrefix}/manifest`)).body);
  await expect.poll(() => problems(phone)).toEqual([`malformed ${key}`]);
  await phone.add("work goes on");
  await phone.saved("bucket");
  await overwrite(admin, key, good);
  await expect.poll(() => problems(phone)).toEqual([]);
});

test("a damaged segment is reported, and read when it is mended", async ({ stack, device }) => {
  const { admin } = stack.store;
  const laptopDevice = await device("laptop");
  const laptop = await laptopDevice.tab();
  const key = await laptop.signUp();
  // Too much for a manifest.
  const long = Array.from({ length: 60 }, () => crypto.randomUUID()).join(" ");
  await laptop.open();
  await laptop.add(long);
  await laptop.saved("bucket");
  const segment = `${await prefixOf(laptop)}/seg/0/0`;
  await laptopDevice.close();
  const good = (await admin.get(segment)).body;
  await overwrite(admin, segment, good.subarray(0, 100));

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => problems(phone)).toEqual([`malformed ${segment}`]);
  await phone.add("work goes on");
  await phone.saved("bucket");
  expect(await phone.items()).toEqual(["work goes on"]);

  await overwrite(admin, segment, good);
  await expect.poll(async () => (await phone.items()).length).toBe(2);
  expect((await phone.items()).toSorted()).toEqual([long, "work goes on"].toSorted());
  await expect.poll(() => problems(phone)).toEqual([]);
});

test("a change that cannot be read harms no other", async ({ stack, device }) => {
  const { admin } = stack.store;
  const { laptopDevice, phone, laptopPrefix } = await twoDevices(device);
  await laptopDevice.close();
  const key = `${laptopPrefix}/manifest`;
  const { generation, body } = await openEnvelope(
    (await admin.get(key)).body,
    "manifest",
    nodeTools,
  );
  const manifest = decodeManifest(body);
  const [document] = manifest.tail.documents;
  const poisoned: Manifest = {
    ...manifest,
    tail: {
      first: manifest.tail.first,
      last: manifest.tail.last + 1,
      documents: [
        {
          ...document!,
          heads: [new Uint8Array(32).fill(7)],
          chunks: [...document!.chunks, new TextEncoder().encode("no change at all")],
        },
      ],
    },
  };
  const bytes = await sealEnvelope(
    { kind: "manifest", generation: generation + 1, body: encodeManifest(poisoned) },
    nodeTools,
  );
  await overwrite(admin, key, bytes);

  await expect.poll(() => problems(phone)).toEqual([expect.stringMatching(/^malformed /)]);
  await phone.add("work goes on");
  await phone.saved("bucket");
  expect(await phone.items()).toEqual(["common", "work goes on"]);
  await phone.reload();
  await phone.open();
  expect(await phone.items()).toEqual(["common", "work goes on"]);
});

test("an object that is gone is published again by its owner", async ({ stack, device }) => {
  const { admin } = stack.store;
  const { laptop, laptopPrefix } = await twoDevices(device);
  const key = `${laptopPrefix}/manifest`;
  expect((await admin.delete(key)).status).toBe(204);
  await laptop.add("afterwards");
  await laptop.saved("bucket");
  expect((await admin.get(key)).status).toBe(200);
});
