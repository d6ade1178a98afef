/** One device of a person: a browser profile behind a network of its own. */
import type { BrowserContext, Page } from "@playwright/test";
import type { ChaosProxy } from "./chaos-proxy.ts";
import type { DrivenPage, DrivenProfile, ProfileEvents, WorkerControl } from "./driver.ts";
import type { Tab } from "./tab.ts";
import { openTab, tabOn } from "./tab.ts";

export interface Device {
  readonly name: string;
  readonly network: ChaosProxy;
  readonly workers: WorkerControl;
  /** Playwright's own, for what only it can do; throws in WebKit. */
  readonly context: BrowserContext;
  /** What its pages and workers wrote to the console, as far as the driver tells. */
  readonly console: readonly string[];
  /**
   * What its pages and workers threw and nobody caught, since this was asked last: nothing, at the end of a test.
   * Only Chromium's driver tells of workers.
   */
  takeErrors(): string[];
  /** Opens the app in a new tab; by default at its root. */
  tab(path?: string): Promise<Tab>;
  /** A page of the app that does not show its `presync`; not in WebKit. */
  page(path?: string): Promise<Page>;
  /** A tab that another one opens: only such a one may close itself. */
  popup(from: Tab): Promise<Tab>;
  close(): Promise<void>;
}

export async function createDevice(
  name: string,
  open: (events: ProfileEvents) => Promise<DrivenProfile>,
  network: ChaosProxy,
  appUrl: string,
): Promise<Device> {
  const lines: string[] = [];
  const errors: string[] = [];
  const profile = await open({
    line: (text) => lines.push(text),
    error: (text) => errors.push(`${name}: ${text}`),
  });
  const pages = new WeakMap<Tab, DrivenPage>();
  const show = (page: DrivenPage): Tab => {
    const tab = tabOn(page);
    pages.set(tab, page);
    return tab;
  };
  return {
    name,
    network,
    workers: profile.workers,
    get context() {
      return profile.context;
    },
    console: lines,
    takeErrors: () => errors.splice(0),
    async tab(path = "/") {
      const page = await profile.newPage();
      await openTab(page, appUrl + path);
      return show(page);
    },
    async page(path = "/") {
      const { page } = await profile.newPage();
      await page.goto(appUrl + path);
      return page;
    },
    popup: async (from) => show(await profile.popup(pages.get(from)!)),
    close: () => profile.close(),
  };
}
