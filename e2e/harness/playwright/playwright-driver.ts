/** Chromium and Firefox, driven by Playwright: a device is a browser context. */
import type { Browser, BrowserContext, BrowserType, LaunchOptions, Page } from "@playwright/test";
import type {
  DrivenPage,
  DrivenProfile,
  Driver,
  Evaluate,
  ProfileEvents,
  WorkerControl,
} from "../driver.ts";
import { killBrowser } from "./browser-process.ts";
import { controlChromiumWorkers } from "./chromium-workers.ts";
import { controlFirefoxWorkers } from "./firefox-workers.ts";

export async function startPlaywrightDriver(
  type: BrowserType,
  launchOptions: LaunchOptions,
): Promise<Driver> {
  const browser: Browser = await type.launch(launchOptions);
  const persistent = new Map<string, BrowserContext>();
  const profileOf = async (
    context: BrowserContext,
    events: ProfileEvents,
  ): Promise<DrivenProfile> => {
    report(context, events);
    const workers =
      type.name() === "chromium"
        ? await controlChromiumWorkers(context, events)
        : controlFirefoxWorkers(context);
    return drivenProfile(context, workers);
  };
  return {
    newProfile: async (server, events) =>
      profileOf(await browser.newContext({ proxy: { server } }), events),
    async openProfile(directory, server, events) {
      const proxy = { server };
      const context = await type.launchPersistentContext(directory, { ...launchOptions, proxy });
      persistent.set(directory, context);
      return profileOf(context, events);
    },
    async killProfile(directory) {
      const closed = persistent.get(directory)?.waitForEvent("close");
      await killBrowser(directory);
      await closed;
      persistent.delete(directory);
    },
    close: () => browser.close(),
  };
}

function report(context: BrowserContext, events: ProfileEvents): void {
  context.on("console", (message) => events.line(message.text()));
  context.on("serviceworker", (worker) =>
    worker.on("console", (message) => events.line(message.text())),
  );
  context.on("weberror", (event) => {
    if (!isRemark(event.error())) events.error(String(event.error()));
  });
}

/**
 * What Firefox itself says of a request that failed, or of a channel to a browser that is gone, comes from its driver like
 * an error that nobody caught.
 */
function isRemark(error: Error): boolean {
  // Of the second the driver takes what stands before the colon for the error's name.
  return error.message.startsWith("Failed to load ‘") || String(error).startsWith("WebRTC: ");
}

function drivenProfile(context: BrowserContext, workers: WorkerControl): DrivenProfile {
  return {
    workers,
    context,
    newPage: async () => drivenPage(await context.newPage()),
    async popup({ page }) {
      const opening = context.waitForEvent("page");
      await page.evaluate(() => void globalThis.open(location.href));
      const opened = drivenPage(await opening);
      // It is being loaded without our doing.
      await opened.connect(() => opened.page.waitForLoadState());
      return opened;
    },
    close: () => context.close(),
  };
}

function drivenPage(page: Page): DrivenPage {
  const closed = new Promise<void>((resolve) => page.once("close", () => resolve()));
  const evaluate = (run: never, argument: unknown): Promise<unknown> =>
    page.evaluate(run, argument);
  return {
    page,
    evaluate: evaluate as Evaluate,
    goto: async (address) => void (await page.goto(address)),
    reload: async () => void (await page.reload()),
    title: () => page.title(),
    async connect(load) {
      const options = { predicate: (error: Error) => !isRemark(error), timeout: 0 };
      const failure = page.waitForEvent("pageerror", options).then((error) => {
        throw error;
      });
      failure.catch(() => undefined);
      await load();
      const end = page.waitForFunction(
        () => ("presync" in globalThis ? "connected" : globalThis.refusal),
        undefined,
        { timeout: 0 },
      );
      end.catch(() => undefined);
      const how = await (await Promise.race([end, failure])).jsonValue();
      if (how !== "connected") throw new Error(`the page did not connect: ${how}`);
    },
    close: () => page.close(),
    untilClosed: () => closed,
  };
}
