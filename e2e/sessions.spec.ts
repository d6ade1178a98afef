/** Sessions: exchanged while they are used, kept through the end of a worker, and ended by signing out. */
import { expect, test } from "./fixtures.ts";
import { listKeys } from "./harness/bucket-content.ts";
import { needs } from "./harness/engine.ts";

const sessionSeconds = 12;

test.use({ stackOptions: { grantSeconds: 6, sessionSeconds } });

test("a session goes on beyond its end while it is used", async ({ stack, device }) => {
  const tab = await (await device("laptop")).tab();
  await tab.signUp();
  await tab.open();
  const first = (await tab.status()).grantExpiresAt ?? 0;
  await expect
    .poll(async () => ((await tab.status()).grantExpiresAt ?? 0) - first)
    .toBeGreaterThan(1.5 * sessionSeconds * 1000);
  expect((await tab.status()).auth).toMatch(/^(valid|expiring)$/);
  const used = await listKeys(stack.store.admin, "@service/sessions/");
  expect(used.length).toBeGreaterThan(2);
  expect(new Set(used.map((key) => key.split("/").slice(0, 4).join("/"))).size).toBe(1);
});

test("a worker that ends while its session is exchanged goes on with it", async ({ device }) => {
  needs("ended workers");
  needs("workers that wait");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  await tab.signUp();
  await tab.open();
  const { network, workers } = laptop;
  const exchanges = (): number =>
    network.log.filter(({ method, path }) => method === "POST" && path === "/v1/auth/refresh")
      .length;
  network.latency(500);
  for (let round = 1; round <= 3; round++) {
    const before = exchanges();
    await expect.poll(exchanges, { intervals: [20] }).toBeGreaterThan(before);
    // The answer is on its way.
    await workers.stop();
    await tab.add(`edit ${round}`);
    await tab.saved("bucket");
  }
  network.latency(0);
  expect((await tab.status()).auth).toMatch(/^(valid|expiring)$/);
});

test("signing out ends the session for whoever has copied it", async ({ stack, device }) => {
  const tab = await (await device("laptop")).tab();
  await tab.signUp();
  await tab.signOut();
  await expect
    .poll(() => listKeys(stack.store.admin, "@service/sessions/"))
    .toContainEqual(expect.stringMatching(/\/revoked$/));
});
