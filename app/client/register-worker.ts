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
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register(script, {
      ...(scope === undefined ? {} : { scope }),
      updateViaCache: "none",
    });
  } catch (cause) {
    // Offline, or a script that does not start: whatever is installed goes on working.
    const installed = await navigator.serviceWorker.getRegistration(scope);
    if (installed?.active == null)
      throw new PresyncError("worker-unavailable", `${script} could not be registered`, { cause });
    registration = installed;
  }
  if (registration.active === null) await activation(registration);
  return registration;
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
