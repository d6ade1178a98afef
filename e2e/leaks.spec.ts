/**
 * Nothing grows: neither in a page whose worker is ended again and again, nor in a worker whose tabs come and go.
 *
 *     PRESYNC_LEAK_RESTARTS=200 PRESYNC_LEAK_TABS=500 npx playwright test e2e/leaks.spec.ts
 */
import { alive, keepPorts } from "./harness/heap.ts";
import type { Alive } from "./harness/heap.ts";
import { expect, test } from "./fixtures.ts";

const restarts = Number(process.env["PRESYNC_LEAK_RESTARTS"] ?? 30);
const tabs = Number(process.env["PRESYNC_LEAK_TABS"] ?? 40);
const msEach = 5_000;

/** Caches are filled and code is compiled in the first rounds. */
const warmUps = 5;

/** Ports in use, and one whose end is on its way. */
const portsMax = 4;

/** Noise, and what the engine itself notes of a round; a page's or a worker's share of a connection is many times that. */
const bytesPerRoundMax = 4_000;
const bytesFree = 500_000;

test.use({
  launchOptions: async ({ launchOptions }, use) => {
    const args = [...(launchOptions.args ?? []), "--js-flags=--expose-gc"];
    await use({ ...launchOptions, args: [...args, "--enable-precise-memory-info"] });
  },
});

function expectNoGrowth(what: string, before: Alive, after: Alive, rounds: number): void {
  console.log(`${rounds} ${what}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`);
  expect(after.ports).toBeLessThanOrEqual(portsMax);
  if (before.bytes !== null && after.bytes !== null)
    expect(after.bytes - before.bytes).toBeLessThan(bytesFree + bytesPerRoundMax * rounds);
}

test(`${restarts} restarts of the worker leave nothing in a page`, async ({ device }) => {
  test.setTimeout(60_000 + restarts * msEach);
  const laptop = await device("laptop");
  await laptop.context.addInitScript(keepPorts);
  const tab = await laptop.tab();
  await tab.open();
  const restart = async (round: number): Promise<void> => {
    await laptop.workers.stop();
    // The document hardly grows: what is asked is only whether the next worker answers.
    await tab.page.evaluate(
      (value) =>
        lists["todos"]!.change((list) => {
          list.items[0] = value;
        }),
      `round ${round}`,
    );
    await tab.saved("device");
  };
  for (let round = 0; round < warmUps; round++) await restart(round);
  const before = await alive(tab.page);
  for (let round = 0; round < restarts; round++) await restart(round);
  expectNoGrowth("restarts", before, await alive(tab.page), restarts);
  const locks = await tab.page.evaluate(async () => {
    const { held, pending } = await navigator.locks.query();
    return { held: held?.length ?? 0, pending: pending?.length ?? 0 };
  });
  // The worker's, and its replica's; and this tab's watch of the first.
  expect(locks.held).toBeLessThan(4);
  expect(locks.pending).toBeLessThan(3);
});

test(`${tabs} tabs that come and go leave nothing in the worker`, async ({ stack, device }) => {
  test.setTimeout(60_000 + tabs * msEach);
  const script = await stack.app.read("/presync-sw.js");
  stack.app.replace("/presync-sw.js", `(${String(keepPorts)})();\n${script}`);
  const laptop = await device("laptop");
  const stays = await laptop.tab();
  await stays.open();
  const visit = async (): Promise<void> => {
    const tab = await laptop.tab();
    await tab.open();
    await tab.saved("device");
    await tab.close();
  };
  const settled = async (): Promise<Alive> => {
    // A visible tab does this every 20 seconds: it is when the worker looks which tabs there still are.
    await stays.page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      active?.postMessage({ type: "awake" }, []);
    });
    await stays.saved("device");
    return alive(laptop.context.serviceWorkers()[0]!);
  };
  for (let round = 0; round < warmUps; round++) await visit();
  const before = await settled();
  for (let round = 0; round < tabs; round++) await visit();
  expectNoGrowth("tabs", before, await settled(), tabs);
});
