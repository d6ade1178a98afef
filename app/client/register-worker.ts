/** Registers the worker, and waits until it can be spoken to. */
import { PresyncError } from "../../shared/errors.ts";

export async function registerWorker(
  script: string,
  scope: string | undefined,
): Promise<ServiceWorkerRegistration> {
  if (!("serviceWorker" in navigator))
    throw new PresyncError(
      "worker-unavailable",
      "this browser has no service workers here: they need https or localhost, and no private mode",
    );
  const installed = await installedWorker(script, scope);
  if (installed !== null) return installed;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register(script, {
      ...(scope === undefined ? {} : { scope }),
      updateViaCache: "none",
    });
  } catch (cause) {
    // Offline, or a script that does not start: whatever is installed goes on working.
    const other = await navigator.serviceWorker.getRegistration(scope);
    if (other?.active == null)
      throw new PresyncError("worker-unavailable", `${script} could not be registered`, { cause });
    registration = other;
  }
  if (registration.active === null) await activation(registration);
  return registration;
}

/**
 * The registration that there is, where registering would change nothing. Firefox looks for a new script whenever a page
 * is loaded, and lets `register()` wait for that: for ever, on a network that never answers.
 */
async function installedWorker(
  script: string,
  scope: string | undefined,
): Promise<ServiceWorkerRegistration | null> {
  const scriptUrl = new URL(script, document.baseURI).href;
  const scopeUrl =
    scope === undefined ? new URL("./", scriptUrl).href : new URL(scope, document.baseURI).href;
  const found = await navigator.serviceWorker.getRegistration(scopeUrl);
  if (found?.active == null || found.scope !== scopeUrl || found.updateViaCache !== "none")
    return null;
  const newest = found.installing ?? found.waiting ?? found.active;
  return newest.scriptURL === scriptUrl ? found : null;
}

function activation(registration: ServiceWorkerRegistration): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = registration.installing ?? registration.waiting;
    const look = (): void => {
      if (registration.active !== null) resolve();
      else if (worker === null || worker.state === "redundant")
        reject(new PresyncError("worker-unavailable", "the worker could not be installed"));
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}
