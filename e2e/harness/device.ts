/** One device of a person: a browser profile behind a network of its own. */
import type { BrowserContext, Page } from "@playwright/test";
import type { ChaosProxy } from "./chaos-proxy.ts";
import type { Tab } from "./tab.ts";
import { adoptTab, openTab, preparePage } from "./tab.ts";
import type { WorkerControl } from "./worker-control.ts";
import { controlWorkers } from "./worker-control.ts";

export interface Device {
  readonly name: string;
  readonly context: BrowserContext;
  readonly network: ChaosProxy;
  readonly workers: WorkerControl;
  /** What its pages and workers wrote to the console. */
  readonly console: readonly string[];
  /** What its pages and workers threw and nobody caught, since this was asked last: nothing, at the end of a test. */
  takeErrors(): string[];
  /** Opens the app in a new tab; by default at its root. */
  tab(path?: string): Promise<Tab>;
  /** A page of the app that does not show its `presync`. */
  page(path?: string): Promise<Page>;
  /** A tab that another one opens: only such a one may close itself. */
  popup(from: Tab): Promise<Tab>;
  close(): Promise<void>;
}

export async function createDevice(
  name: string,
  context: BrowserContext,
  network: ChaosProxy,
  appUrl: string,
): Promise<Device> {
  const lines: string[] = [];
  const errors: string[] = [];
  const onError = (error: string): void => void errors.push(`${name}: ${error}`);
  context.on("console", (message) => lines.push(message.text()));
  context.on("serviceworker", (worker) =>
    worker.on("console", (message) => lines.push(message.text())),
  );
  context.on("weberror", (error) => onError(String(error.error())));
  await context.addInitScript(preparePage);
  const workers = await controlWorkers(context, onError);
  return {
    name,
    context,
    network,
    workers,
    console: lines,
    takeErrors: () => errors.splice(0),
    tab: async (path = "/") => openTab(await context.newPage(), appUrl + path),
    async page(path = "/") {
      const page = await context.newPage();
      await page.goto(appUrl + path);
      return page;
    },
    async popup(from) {
      const opened = context.waitForEvent("page");
      await from.page.evaluate(() => void globalThis.open(location.href));
      return adoptTab(await opened);
    },
    close: () => context.close(),
  };
}
