/** A user's devices: listed, named, retired and removed; and everything of a user, taken along and deleted. */
import { execFileSync } from "node:child_process";
import type { Device as Listed } from "../app/index.ts";
import { listKeys, readNamespace } from "./harness/bucket-content.ts";
import { needs } from "./harness/engine.ts";
import type { Tab } from "./harness/tab.ts";
import { expect, test } from "./fixtures.ts";

/** Whoever is told by the service is told within seconds. */
test.use({ stackOptions: { grantSeconds: 20 } });

async function userOf(tab: Tab): Promise<{ namespace: string; replica: string }> {
  const { user } = await tab.status();
  if (user?.replica === undefined || user.replica === null) throw new Error("nobody is signed in");
  return { namespace: user.namespace, replica: user.replica };
}

function devicesOf(tab: Tab): Promise<readonly Listed[]> {
  return tab.evaluate(() => presync.devices.list());
}

/** The code it was refused with, or null. */
function remove(tab: Tab, replica: string, discardUnsaved = false): Promise<string | null> {
  return tab.evaluate(
    async ([which, isDiscarding]) => {
      try {
        await presync.devices.remove(which, { discardUnsaved: isDiscarding });
        return null;
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    [replica, discardUnsaved] as const,
  );
}

/** Two devices of one user, each with something of its own in the bucket. */
async function twoDevices(
  device: (name: string) => Promise<{ tab(): Promise<Tab> }>,
): Promise<{ laptop: Tab; phone: Tab; key: string }> {
  const laptop = await (await device("laptop")).tab();
  const phone = await (await device("phone")).tab();
  await laptop.open();
  const key = await laptop.signUp();
  await laptop.add("of the laptop");
  await laptop.saved("bucket");
  await phone.signIn(key);
  await phone.open();
  await phone.add("of the phone");
  await phone.saved("bucket");
  await expect
    .poll(async () => (await laptop.items()).toSorted())
    .toEqual(["of the laptop", "of the phone"]);
  return { laptop, phone, key };
}

test("a device that is retired is told so, what it had stays, and its prefix goes", async ({
  stack,
  device,
}) => {
  needs("workers that live for minutes");
  test.setTimeout(300_000);
  const { laptop, phone, key } = await twoDevices(device);
  const { namespace, replica: own } = await userOf(laptop);
  const { replica } = await userOf(phone);
  const before = await devicesOf(laptop);
  expect(before.map((each) => each.replica)).toEqual([replica, own]);
  expect(before.map(({ state }) => state)).toEqual(["active", "active"]);
  for (const { bytes, objects } of before) expect([bytes > 0, objects > 0]).toEqual([true, true]);
  expect(await remove(laptop, replica, true)).toBe("invalid-argument");

  await laptop.evaluate((which) => presync.devices.rename(which, "My phone"), replica);
  await laptop.evaluate((which) => presync.devices.retire(which), replica);
  const named = (await devicesOf(laptop)).find((each) => each.replica === replica);
  expect(named).toMatchObject({ name: "My phone", state: "retired" });
  expect(await remove(laptop, replica)).toBe("unsaved");

  // It is told, and what it does from then on stays there until somebody signs in again.
  await expect.poll(async () => (await phone.status()).auth, { timeout: 60_000 }).toBe("revoked");
  await phone.add("after it was retired");
  await phone.saved("device");

  // Within two minutes the laptop has taken over what it had published: with grants of seconds, each of which makes it
  // begin to wait anew, nobody could say when.
  await stack.service.restart({ grantSeconds: 3600 });
  await expect
    .poll(() => remove(laptop, replica), { timeout: 200_000, intervals: [5_000] })
    .toBeNull();
  expect(await listKeys(stack.store.admin, `${namespace}/${replica}/`)).toEqual([]);
  expect((await devicesOf(laptop)).map((each) => each.replica)).toEqual([own]);
  const expected = ["of the laptop", "of the phone"];
  expect((await laptop.items()).toSorted()).toEqual(expected);
  const { documents } = await readNamespace(stack.store.admin, namespace);
  expect(
    [...documents.values()].map((each) => (each as { items: string[] }).items.toSorted()),
  ).toEqual([expected]);

  // Signed in again it is another replica, and brings what it had kept.
  await phone.signIn(key);
  expect((await userOf(phone)).replica).not.toBe(replica);
  await phone.open();
  await phone.saved("bucket");
  await expect.poll(() => laptop.items()).toContain("after it was retired");
});

test("a device that cannot be waited for is removed, and what others have read stays", async ({
  stack,
  device,
}) => {
  const { laptop, phone } = await twoDevices(device);
  const { namespace } = await userOf(laptop);
  const { replica } = await userOf(phone);
  await phone.close();
  await laptop.evaluate((which) => presync.devices.retire(which), replica);
  expect(await remove(laptop, replica, true)).toBeNull();
  expect(await listKeys(stack.store.admin, `${namespace}/${replica}/`)).toEqual([]);
  expect((await laptop.items()).toSorted()).toEqual(["of the laptop", "of the phone"]);
});

test("a device whose id was retired while it was away takes another one, and goes on", async ({
  stack,
  device,
}) => {
  const { laptop, phone } = await twoDevices(device);
  const { namespace, replica } = await userOf(phone);
  // As after a month without a grant: its sign-in is good, and its id is not.
  const mark = `@service/devices/${namespace}/${replica}/retired`;
  await stack.store.admin.put(mark, Buffer.from("{}"));
  await expect
    .poll(async () => (await phone.status()).user?.replica, { timeout: 60_000 })
    .not.toBe(replica);
  expect((await phone.status()).auth).toBe("valid");
  await phone.open();
  await phone.add("under another id");
  await phone.saved("bucket");
  await expect.poll(() => laptop.items()).toContain("under another id");
});

test("everything can be taken along", async ({ device }) => {
  const { laptop } = await twoDevices(device);
  const { replica } = await userOf(laptop);
  const bytes = await laptop.evaluate(async () => {
    const archive = await presync.exportEverything();
    return [...new Uint8Array(await archive.arrayBuffer())];
  });
  const input = Buffer.from(bytes);
  const names = execFileSync("tar", ["-tf", "-"], { input }).toString().trim().split("\n");
  expect(names).toHaveLength(new Set(names).size);
  expect(names).toContain("account.json");
  expect(names).toContain(`objects/${replica}/manifest`);
  const document = names.find((name) => /^documents\/\w+\.json$/.test(name)) ?? "";
  const content = execFileSync("tar", ["-xOf", "-", document], { input }).toString();
  expect((JSON.parse(content) as { items: string[] }).items.toSorted()).toEqual([
    "of the laptop",
    "of the phone",
  ]);
  const account = execFileSync("tar", ["-xOf", "-", "account.json"], { input }).toString();
  expect((JSON.parse(account) as { devices: unknown[] }).devices).toHaveLength(2);
  // No signed URL ever reaches a page.
  expect(input.toString("latin1")).not.toContain("X-Amz-");
});

test("everything can be deleted, and no device puts it back", async ({ stack, device }) => {
  const { laptop, phone, key } = await twoDevices(device);
  const { namespace } = await userOf(laptop);
  const wrong = await laptop.evaluate(() =>
    presync.deleteEverything({ confirm: "yes" }).catch((error: { code: string }) => error.code),
  );
  expect(wrong).toBe("invalid-argument");
  expect(await listKeys(stack.store.admin, `${namespace}/`)).not.toEqual([]);

  await laptop.evaluate((confirm) => presync.deleteEverything({ confirm }), namespace);
  expect(await laptop.status()).toMatchObject({ user: null, auth: "none" });
  await laptop.open();
  expect(await laptop.items()).toEqual([]);

  // The other one has URLs that are good: it misses its manifest, asks, and stops.
  await phone.add("made without knowing it");
  await expect.poll(async () => (await phone.status()).auth, { timeout: 60_000 }).toBe("revoked");
  await expect
    .poll(() => listKeys(stack.store.admin), { timeout: 15_000 })
    .not.toContainEqual(expect.stringContaining("/browser-"));
  const left = (await listKeys(stack.store.admin)).filter((each) => each.includes(namespace));
  expect(left).toEqual([`@service/ended/${namespace}`]);

  // The user may come back, and begins anew.
  await laptop.signIn(key);
  await laptop.open();
  expect(await laptop.items()).toEqual([]);
  await laptop.add("new");
  await laptop.saved("bucket");
});

test("over the quota reading goes on, and the status says why nothing is sent", async ({
  stack,
  device,
}) => {
  const { laptop, phone } = await twoDevices(device);
  await stack.service.restart({ quota: { bytes: 1 } });
  await phone.add("too much");
  await phone.saved("device");
  await expect
    .poll(
      async () => {
        await phone.add("x");
        return (await phone.status()).problems.map(({ code }) => code);
      },
      { timeout: 60_000, intervals: [2_000] },
    )
    .toContain("quota");
  await expect
    .poll(() => phone.status())
    .toMatchObject({ device: "saved", bucket: "failing", auth: "valid" });
  expect(await laptop.items()).toContain("of the phone");
  await stack.service.restart({ quota: {} });
  await phone.saved("bucket");
  await expect.poll(() => laptop.items()).toContain("x");
});
