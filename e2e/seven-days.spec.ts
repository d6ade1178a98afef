/**
 * A service that is away for as long as a grant lasts: two devices go on syncing until the very end of the seven days,
 * work on without the store after it, and miss nothing once somebody has signed in again.
 */
import { createOracle } from "./chaos/oracle.ts";
import { expect, test } from "./fixtures.ts";
import { readNamespace } from "./harness/bucket-content.ts";
import type { Device } from "./harness/device.ts";
import { needs } from "./harness/engine.ts";
import { wantsRgw } from "./harness/environment.ts";
import { moveWorkersClock } from "./harness/moved-clock.ts";
import type { Stack } from "./harness/stack.ts";
import type { Tab } from "./harness/tab.ts";

const dayMs = 24 * 60 * 60 * 1000;
const daysMax = 7;

/** The clock of service and store: the machine's, moved on, or one that stands still. */
const clock: { movedMs: number; standsAt: number | null } = { movedMs: 0, standsAt: null };

test.use({
  stackOptions: {
    now: () => clock.standsAt ?? Date.now() + clock.movedMs,
    // The session is over with the grant, so that nothing but a person's signing in helps.
    sessionSeconds: (daysMax * dayMs) / 1000,
  },
});

interface Person {
  readonly device: Device;
  readonly tab: Tab;
}

test("seven days without the service lose nothing, and one sign-in brings everything", async ({
  stack,
  device,
}) => {
  needs("ended workers");
  test.skip(wantsRgw(), "nobody can move Ceph's clock");
  test.slow();
  Object.assign(clock, { movedMs: 0, standsAt: null });
  await moveWorkersClock(stack.app, 0);
  const oracle = createOracle();
  const open = async (name: string): Promise<Person> => {
    const opened = await device(name);
    return { device: opened, tab: await opened.tab() };
  };
  const edit = async ({ device: { name }, tab }: Person, when: string): Promise<void> => {
    oracle.made(`${name}, ${when}`);
    await tab.add(`${name}, ${when}`);
  };
  /** Everybody has edited, and everybody sees everything. */
  const syncAll = async (when: string): Promise<void> => {
    for (const person of people) await edit(person, when);
    for (const { tab } of people) await tab.saved("bucket");
    for (const person of people)
      await expect
        .poll(async () => oracle.judge(person.device.name, await person.tab.items()), {
          message: when,
        })
        .toEqual([]);
    // Nor does a date that the browser's cache has kept for days pass for the store's.
    for (const { tab } of people) expect((await tab.status()).clockAheadMs).toBe(0);
  };

  const laptop = await open("laptop");
  const key = await laptop.tab.signUp();
  const phone = await open("phone");
  await phone.tab.signIn(key);
  const people = [laptop, phone];
  for (const { tab } of people) await tab.open();
  await syncAll("first day");
  const before = await Promise.all(people.map(({ tab }) => tab.status()));
  const ends = before.map(({ grantExpiresAt }) => grantExpiresAt ?? 0);
  await stack.service.stop();

  for (let day = 1; day < daysMax; day++) {
    await wakeOn(stack, people, day * dayMs);
    await syncAll(`day ${day}`);
  }
  // The store's clock stands in the last second in which both grants are good.
  await wakeOn(stack, people, Math.min(...ends) - Date.now());
  clock.standsAt = Math.min(...ends);
  await syncAll("last second");
  for (const { tab } of people)
    expect(await tab.status()).toMatchObject({ auth: "expiring", bucket: "saved" });

  clock.standsAt = Math.max(...ends) + 1000;
  await expectExpired(people);
  for (const person of people) await edit(person, "after the end");
  await expectWaiting(people, 1);
  clock.standsAt = null;
  await wakeOn(stack, people, (daysMax + 1) * dayMs);
  await expectExpired(people);
  for (const person of people) await edit(person, "the day after");
  await expectWaiting(people, 2);

  await stack.service.start();
  for (const { tab } of people) {
    // It is not for time to mend.
    expect((await tab.status()).auth).toBe("expired");
    await tab.signIn(key);
    await tab.open();
  }
  await syncAll("signed in again");
  const after = await Promise.all(people.map(({ tab }) => tab.status()));
  expect(after.map(({ auth, bucket, pending }) => ({ auth, bucket, ...pending }))).toEqual(
    people.map(() => ({ auth: "valid", bucket: "saved", documents: 0, changes: 0, bytes: 0 })),
  );
  expect(after.map(({ user }) => user)).toEqual(before.map(({ user }) => user));

  // Whoever has nothing but the bucket has everything.
  const tablet = await open("tablet");
  await tablet.tab.signIn(key);
  await tablet.tab.open();
  await expect.poll(async () => oracle.judge("tablet", await tablet.tab.items())).toEqual([]);
  // And so has whoever reads the bucket without presync, and without a moved clock.
  clock.movedMs = 0;
  const { documents } = await readNamespace(stack.store.admin, after[0]!.user!.namespace);
  const kept = [...documents.values()] as { readonly items: readonly string[] }[];
  expect(kept.map((list) => oracle.judge("the bucket", list.items))).toEqual([[]]);
});

/** A night passes: no worker outlives one. */
async function wakeOn(stack: Stack, people: readonly Person[], movedMs: number): Promise<void> {
  clock.movedMs = movedMs;
  await moveWorkersClock(stack.app, movedMs);
  for (const { device } of people) await device.workers.stop();
}

async function expectExpired(people: readonly Person[]): Promise<void> {
  for (const { tab } of people)
    await expect.poll(async () => (await tab.status()).auth).toBe("expired");
}

/** The outbox is counted, and safe on the disk. */
async function expectWaiting(people: readonly Person[], changes: number): Promise<void> {
  for (const { tab } of people) {
    await tab.saved("device");
    await expect
      .poll(() => tab.status())
      .toMatchObject({ bucket: "waiting", pending: { documents: 1, changes } });
  }
}
