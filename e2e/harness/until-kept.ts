/** When a page opens without a network. */
import { expect } from "@playwright/test";
import type { Tab } from "./tab.ts";

/** The worker keeps what a page has loaded, and nobody tells when it has done so. */
export async function untilKept(tab: Tab): Promise<void> {
  const isKept = (): Promise<boolean> =>
    tab.evaluate(async () => {
      const wasm = performance
        .getEntriesByType("resource")
        .map(({ name }) => name)
        .find((name) => name.includes("automerge.wasm"));
      const found = [location.href, "/presync.js", "/presync.json", wasm ?? "/none"].map(
        async (url) => (await caches.match(url)) !== undefined,
      );
      return (await Promise.all(found)).every(Boolean);
    });
  await expect.poll(isKept).toBe(true);
}
