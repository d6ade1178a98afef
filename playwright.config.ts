import { defineConfig } from "@playwright/test";

/** Debian's; another one is named by `PRESYNC_CHROMIUM`. */
const chromium = process.env["PRESYNC_CHROMIUM"] ?? "/usr/bin/chromium";

export default defineConfig({
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
        browserName: "chromium",
        launchOptions: { executablePath: chromium, args: ["--disable-gpu"] },
      },
    },
  ],
});
