/** The browser engines the tests run in, and what cannot be done to each of them. */
import { test } from "@playwright/test";

export type EngineName = "chromium" | "firefox" | "webkit";

/** What cannot be done in some engines, or in some projects of `playwright.config.ts`, and why. */
const missing = {
  "ended workers": {
    webkit: "WebDriver has no command that ends a service worker",
  },
  popups: {
    webkit: "the test bed does not find the windows there that a page opens itself",
  },
  "workers from inside": {
    firefox: "Playwright shows no service workers in Firefox",
  },
  "workers that outlive their tabs": {
    "firefox-impatient": "a worker without a tab is ended before it has sent anything",
  },
  "workers that wait": {
    "firefox-impatient": "a worker is ended while it waits for a slow network",
  },
  "workers that live for minutes": {
    "firefox-impatient": "a worker is ended before it has taken over what another device has left",
  },
  "workers that keep a stream": {
    "firefox-impatient": "a worker is ended every half second, and its stream with it",
  },
  "workers that keep channels": {
    "firefox-impatient":
      "the tab closes its channels whenever the worker is ended, every half second",
  },
  "a log to tear": {
    firefox: "Firefox keeps IndexedDB in SQLite",
  },
  "news of downloads": {
    firefox: "Playwright is not told of downloads in Firefox",
  },
  "a full disk": {
    firefox: "no driver's command limits an origin's storage in Firefox",
  },
  "background sync": {
    firefox: "Firefox has no Background Sync",
  },
  "push messages": {
    firefox: "only Chromium's driver can push",
  },
  eviction: {
    firefox: "the driver has no command that deletes what an origin has stored in Firefox",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** The engine that the present test runs in. */
export function engineOf(): EngineName {
  return (test.info().project.use as { engine: EngineName }).engine;
}

/** Skips the test that calls it, with the reason, where this cannot be done. */
export function needs(ability: keyof typeof missing): void {
  const reasons: Readonly<Record<string, string>> = missing[ability];
  const reason = reasons[test.info().project.name] ?? reasons[engineOf()];
  test.skip(reason !== undefined, `${ability}: ${reason}`);
}
