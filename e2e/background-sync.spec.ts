/** What is unsent when the last page is closed is sent without any page, where the browser has Background Sync. */
import type { Device } from "./harness/device.ts";
import { needs } from "./harness/engine.ts";
import { expect, test } from "./fixtures.ts";

const tag = "presync unsent";

/** As the browser does once there is a network. */
async function dispatchSync(device: Device, origin: string): Promise<void> {
  const page = await device.context.newPage();
  const session = await device.context.newCDPSession(page);
  const registration = new Promise<string>((resolve) =>
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const [found] = registrations;
      if (found !== undefined) resolve(found.registrationId);
    }),
  );
  await session.send("ServiceWorker.enable");
  const registrationId = await registration;
  await session.send("ServiceWorker.dispatchSyncEvent", {
    origin,
    registrationId,
    tag,
    lastChance: false,
  });
  await page.close();
}

test("edits that were not sent reach other devices after the last page was closed", async ({
  stack,
  device,
}) => {
  needs("background sync");
  const laptop = await device("laptop");
  const tab = await laptop.tab();
  const key = await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  laptop.network.cut();
  await tab.add("made offline");
  await tab.saved("device");
  await tab.close();
  await laptop.workers.stop();
  laptop.network.heal();

  const phone = await (await device("phone")).tab();
  await phone.signIn(key);
  await phone.open();
  expect(await phone.items()).toEqual([]);
  await dispatchSync(laptop, stack.app.url);
  await expect.poll(() => phone.items()).toEqual(["made offline"]);
});

test("it is asked for when something is unsent and nobody looks", async ({ stack, device }) => {
  needs("background sync");
  const laptop = await device("laptop");
  const script = await stack.app.read("/presync-sw.js");
  stack.app.replace(
    "/presync-sw.js",
    `self.asked = []; SyncManager.prototype.register = async (tag) => void asked.push(tag);\n${script}`,
  );
  const tab = await laptop.tab();
  await tab.signUp();
  await tab.open();
  await tab.saved("bucket");
  const asked = (): Promise<string[]> =>
    laptop.context.serviceWorkers()[0]!.evaluate(() => (globalThis as never as Asked).asked);
  await tab.add("sent at once");
  await tab.saved("bucket");
  expect(await asked()).toEqual([]);
  laptop.network.cut();
  await tab.add("unsent");
  await tab.saved("device");
  expect(await asked()).toEqual([]);
  await tab.page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect.poll(asked).toEqual([tag]);
});

interface Asked {
  readonly asked: string[];
}
