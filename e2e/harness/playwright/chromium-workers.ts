/**
 * Chromium's service workers, ended over its debugging protocol. (Playwright's own debugging session on a worker
 * keeps it from ever being idle, and its `setOffline` and `route` hang while a worker is stopped; that is why the
 * network is a proxy here.)
 */
import type { BrowserContext, CDPSession } from "@playwright/test";
import type { ProfileEvents, WorkerControl } from "../driver.ts";

interface Version {
  readonly versionId: string;
  readonly runningStatus: "stopped" | "starting" | "running" | "stopping";
}

const stopMsMax = 10_000;

export async function controlChromiumWorkers(
  context: BrowserContext,
  events: ProfileEvents,
): Promise<WorkerControl> {
  // A page of its own: the session must outlive the tabs.
  const page = await context.newPage();
  const session: CDPSession = await context.newCDPSession(page);
  const running = new Map<string, Version["runningStatus"]>();
  let onStopped: (() => void) | undefined;
  session.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
    for (const { versionId, runningStatus } of versions as Version[]) {
      running.set(versionId, runningStatus);
      if (runningStatus === "stopped") onStopped?.();
    }
  });
  session.on("ServiceWorker.workerErrorReported", ({ errorMessage: { errorMessage } }) => {
    // What the browser itself remarks upon, such as a file that is not there, comes this way too.
    // A failed Background Sync, which the browser repeats, can be told to it in no other way.
    const isRetry = errorMessage.includes("the browser will say when to try again");
    if (errorMessage.startsWith("Uncaught") && !isRetry) events.error(errorMessage);
  });
  await session.send("ServiceWorker.enable");

  return {
    async stop() {
      const stopped = new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("no worker stopped")), stopMsMax);
        onStopped = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      const wasStopped = [...running.values()].every((status) => status === "stopped");
      await session.send("ServiceWorker.stopAllWorkers");
      if (wasStopped) onStopped?.();
      await stopped;
    },
    evict: async (origin) => {
      const storageTypes = "indexeddb,cache_storage,local_storage";
      await session.send("Storage.clearDataForOrigin", { origin, storageTypes });
    },
    limitStorage: async (origin, bytesMax) => {
      await session.send("Storage.overrideQuotaForOrigin", {
        origin,
        ...(bytesMax === undefined ? {} : { quotaSize: bytesMax }),
      });
    },
  };
}
