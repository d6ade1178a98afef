import type { PlaywrightWorkerOptions } from "@playwright/test";
import { defineConfig } from "@playwright/test";
import type { WorkerOptions } from "./e2e/fixtures.ts";

/** Debian's; others are named by these variables. */
const chromium = process.env["PRESYNC_CHROMIUM"] ?? "/usr/bin/chromium";
const firefox = process.env["PRESYNC_FIREFOX"] ?? "/usr/bin/firefox-esr";

/** Firefox as it is, which Playwright drives over WebDriver BiDi, and not a build of Playwright's. */
const firefoxUse = (
  prefs: Readonly<Record<string, number>> = {},
): Partial<PlaywrightWorkerOptions & WorkerOptions> => ({
  engine: "firefox",
  browserName: "firefox",
  channel: "moz-firefox",
  launchOptions: {
    executablePath: firefox,
    // Lets the tests end workers.
    args: ["--remote-allow-system-access"],
    firefoxUserPrefs: {
      // The tests' network is a proxy, and everything is on loopback.
      "network.proxy.allow_hijacking_localhost": true,
      ...prefs,
    },
  },
});

/** It looks into V8. */
const notInFirefox = ["leaks.spec.ts"];

export default defineConfig<object, WorkerOptions>({
  testDir: "e2e",
  // `*.test.ts` are vitest's.
  testMatch: "**/*.spec.ts",
  globalSetup: "./e2e/global-setup.ts",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: process.env["CI"] !== undefined,
  timeout: 60_000,
  // Other devices are polled every three seconds, and what failed is tried again after up to some ten.
  expect: { timeout: 25_000 },
  reporter: [["list"], ["json", { outputFile: "test-results/e2e.json" }]],
  projects: [
    {
      name: "chromium",
      use: {
        engine: "chromium",
        browserName: "chromium",
        launchOptions: { executablePath: chromium, args: ["--disable-gpu"] },
      },
    },
    { name: "firefox", use: firefoxUse(), testIgnore: notInFirefox },
    {
      // A browser that ends an idle worker after half a second instead of half a minute; and one that says that it has not
      // ended yet, after five seconds. What takes one life of a worker elsewhere takes several here.
      name: "firefox-impatient",
      timeout: 180_000,
      expect: { timeout: 75_000 },
      use: firefoxUse({
        "dom.serviceWorkers.idle_timeout": 500,
        "dom.serviceWorkers.idle_extended_timeout": 5000,
      }),
      testIgnore: notInFirefox,
    },
    {
      // The others are about what its driver does not allow: to end a worker, to keep a profile on disk, or to do what
      // Playwright does.
      name: "webkit",
      use: { engine: "webkit" },
      testMatch: ["everywhere", "tabs", "sync", "offline", "users"].map(
        (name) => `${name}.spec.ts`,
      ),
    },
  ],
});
