/** Store and service fail, grants and sessions end: work goes on, the status says so, and everything is sent later. */
import { randomBytes } from "node:crypto";
import { expect, test } from "./fixtures.ts";

test("a store that is down is waited for", async ({ stack, device }) => {
  const tab = await (await device("laptop")).tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  await stack.store.stop();
  await tab.add("while it is down");
  await tab.saved("device");
  await expect.poll(async () => (await tab.status()).bucket).toBe("waiting");
  const { pending, auth, device: disk } = await tab.status();
  expect(pending).toMatchObject({ documents: 1, changes: 1 });
  expect(auth).toBe("valid");
  expect(disk).toBe("saved");
  await stack.store.start();
  await tab.saved("bucket");
  await expect.poll(async () => (await tab.status()).problems).toEqual([]);
  expect(await tab.status()).toMatchObject({
    bucket: "saved",
    pending: { documents: 0, changes: 0, bytes: 0 },
  });

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  await expect.poll(() => phone.items()).toEqual(["while it is down"]);
});

test("a service that is down is not missed while a grant lasts", async ({ stack, device }) => {
  const tab = await (await device("laptop")).tab();
  await tab.signUp();
  await tab.open();
  await stack.service.stop();
  await tab.reload();
  await tab.open();
  await tab.add("without the service");
  await tab.saved("bucket");
  expect(await tab.status()).toMatchObject({ auth: "valid", bucket: "saved", problems: [] });
});

test("without a network the status says so, and work goes on", async ({ device }) => {
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  await laptop.context.setOffline(true);
  await tab.add("offline");
  await tab.saved("device");
  await expect
    .poll(() => tab.status())
    .toMatchObject({ network: "offline", bucket: "waiting", device: "saved" });
  await laptop.context.setOffline(false);
  await tab.saved("bucket");
  await expect.poll(() => tab.status()).toMatchObject({ network: "online", bucket: "saved" });
});

test.describe("with grants of seconds", () => {
  test.use({ stackOptions: { grantSeconds: 6 } });

  test("a grant is renewed before it ends", async ({ device }) => {
    const tab = await (await device("laptop")).tab();
    await tab.signUp();
    const first = (await tab.status()).grantExpiresAt ?? 0;
    const expiresAt = async (): Promise<number> => (await tab.status()).grantExpiresAt ?? 0;
    await expect.poll(expiresAt).toBeGreaterThan(first);
    await expect.poll(expiresAt).toBeGreaterThan(first + 6_000);
    expect((await tab.status()).auth).not.toBe("expired");
  });

  test("work goes on when the grant has ended, and is sent when the service is back", async ({
    stack,
    device,
  }) => {
    const tab = await (await device("laptop")).tab();
    const key = await tab.signUp();
    await tab.open();
    await tab.add("before");
    await tab.saved("bucket");
    await stack.service.stop();
    await expect
      .poll(async () => {
        // Only the store's answer ends a grant, so something must be asked of it.
        await tab.add("more");
        return (await tab.status()).auth;
      })
      .toBe("expired");
    await tab.add("after the end");
    await tab.saved("device");
    const count = (await tab.items()).length;
    await expect
      .poll(() => tab.status())
      .toMatchObject({ device: "saved", bucket: "waiting", pending: { documents: 1 } });
    expect((await tab.status()).pending.changes).toBeGreaterThan(0);
    // The end of a grant is no reason to forget what one has.
    await tab.reload();
    await tab.open();
    expect((await tab.items()).length).toBe(count);
    await expect.poll(async () => (await tab.status()).auth).toBe("expired");

    await stack.service.start();
    await expect.poll(async () => (await tab.status()).auth, { timeout: 40_000 }).toBe("valid");
    await tab.saved("bucket");
    const phone = await (await device("phone")).tab();
    await phone.signIn(key);
    await phone.open();
    await expect.poll(async () => (await phone.items()).length).toBe(count);
  });

  test("a session that no longer counts is said to be over, until the user signs in", async ({
    stack,
    device,
  }) => {
    const tab = await (await device("laptop")).tab();
    const key = await tab.signUp();
    await tab.open();
    await tab.saved("bucket");
    const before = (await tab.status()).user;
    await stack.service.restart({ sessionSecrets: [randomBytes(32).toString("base64url")] });
    await expect.poll(async () => (await tab.status()).auth).toBe("revoked");
    await tab.add("meanwhile");
    await tab.saved("device");
    await tab.reload();
    await tab.open();
    expect(await tab.items()).toEqual(["meanwhile"]);
    await expect.poll(async () => (await tab.status()).auth).toBe("revoked");

    await tab.signIn(key);
    const after = await tab.status();
    expect(after.auth).toBe("valid");
    expect(after.user).toEqual(before);
    await tab.open();
    await tab.saved("bucket");
    expect(await tab.items()).toEqual(["meanwhile"]);
  });
});
