/** The browser engines the tests run in, and what cannot be done to each of them. */
import { test } from "@playwright/test";

export type EngineName = "chromium" | "firefox" | "webkit";

const noWorkers = "Playwright shows no service workers in Firefox";
const noPlaywright = "Playwright does not drive WebKitGTK";

/** What some drivers do not allow, and why. */
const missing = {
  "ended workers": {
    webkit: "WebDriver has no command that ends a service worker",
  },
  "workers from inside": { firefox: noWorkers, webkit: noPlaywright },
  "killed browsers": {
    webkit: "under WebDriver, WebKitGTK keeps its profiles in memory only",
  },
  "a full disk": {
    firefox: "no driver's command limits an origin's storage in Firefox",
    webkit: "no driver's command limits an origin's storage in WebKitGTK",
  },
} as const satisfies Record<string, Partial<Record<EngineName, string>>>;

/** Skips the test that calls it, with the reason, where the driver of its engine does not allow this. */
export function needs(ability: keyof typeof missing): void {
  const { engine } = test.info().project.use as { engine: EngineName };
  const reasons: Partial<Record<EngineName, string>> = missing[ability];
  test.skip(reasons[engine] !== undefined, `${ability}: ${reasons[engine]}`);
}
