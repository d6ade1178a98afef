/**
 * The switch that turns presync off on a site: this file, deployed in the place of `presync-sw.js`. It takes over at
 * once, deletes presync's caches so that the network serves the app again, and unregisters itself. It reads and
 * writes no database: the documents, the session and what is unsent are there when the real worker comes back.
 *
 * It has no fetch handler, touches no client and navigates none, so it cannot make a page reload, nor break one. Imported into
 * an app's own worker it leaves that worker registered.
 */
import type { ErrorData } from "../shared/errors.ts";
import type { HandOverAnswer, WorkerToTab } from "../shared/wire.ts";
import { cacheNamesOf } from "./cache-names.ts";
import { ownMessage } from "./own-messages.ts";
import { scriptUrl } from "./script-url.ts";

declare const self: ServiceWorkerGlobalScope;

const error: ErrorData = {
  code: "worker-unavailable",
  message: "presync was switched off on this site; what was saved on this device is kept",
};

const here = self.location.href;
const isImported = scriptUrl(here) !== here;

async function leave(): Promise<void> {
  const { shell, files } = cacheNamesOf(self.registration.scope);
  await Promise.all([caches.delete(shell), caches.delete(files)]);
  if (!isImported) await self.registration.unregister();
}

/**
 * Some browsers bring a registration back to life when a page registers the same script while another one is open,
 * without activating its worker anew.
 */
async function leaveAgain(): Promise<"replaced" | "left"> {
  const { registration } = self;
  await registration.update().catch(() => undefined);
  // The real worker is deployed again: it is what answers the page's next attempt.
  if ((registration.installing ?? registration.waiting) !== null) return "replaced";
  await registration.unregister();
  return "left";
}

async function refuse(port: MessagePort | undefined): Promise<void> {
  if (!isImported && (await leaveAgain()) === "replaced") return;
  port?.postMessage({ type: "failed", error } satisfies WorkerToTab);
}

self.addEventListener("install", (event) => {
  event.waitUntil(self.skipWaiting());
});
self.addEventListener("activate", (event) => {
  event.waitUntil(leave());
});
self.addEventListener("message", (event) => {
  // Pages that were open before go on asking; an answer is better than a silence.
  const message = ownMessage(event.data);
  const [port] = event.ports;
  if (message?.type === "hello") event.waitUntil(refuse(port));
  if (message?.type === "hand-over") port?.postMessage({ error } satisfies HandOverAnswer);
});
