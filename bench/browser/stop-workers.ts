/** Ends the service workers of a browser profile at once, as the browser does when they are idle. */
import type { BrowserContext } from "@playwright/test";

const stopMsMax = 10_000;

/** Resolves to a function that stops them; it needs a page of its own, which stays open. */
export async function createWorkerStopper(context: BrowserContext): Promise<() => Promise<void>> {
  const session = await context.newCDPSession(await context.newPage());
  const running = new Map<string, string>();
  let look: (() => void) | undefined;
  session.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
    for (const { versionId, runningStatus } of versions) running.set(versionId, runningStatus);
    look?.();
  });
  await session.send("ServiceWorker.enable");
  return async () => {
    await session.send("ServiceWorker.stopAllWorkers");
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("a worker goes on")), stopMsMax);
      look = () => {
        if ([...running.values()].some((status) => status !== "stopped")) return;
        clearTimeout(timer);
        resolve();
      };
      look();
    });
  };
}
