/** Registers the worker, and waits until it can be spoken to. Where that cannot be, the error says why. */
import { PresyncError } from "../../shared/errors.ts";

/** Throws `worker-unavailable`. */
export async function registerWorker(
  script: string,
  scope: string | undefined,
): Promise<ServiceWorkerRegistration> {
  if (!isSecureContext)
    throw unavailable("there are no service workers here: the page needs https, or localhost");
  if (!("serviceWorker" in navigator))
    throw unavailable(
      "this browser has no service workers here: they are switched off, or the window is private",
    );
  const scriptUrl = new URL(script, document.baseURI);
  const scopeUrl = scope === undefined ? new URL(".", scriptUrl) : new URL(scope, document.baseURI);
  const present = await installedAt(scopeUrl.href);
  if (present !== undefined && isUpToDate(present, scriptUrl.href)) return present;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register(script, {
      ...(scope === undefined ? {} : { scope }),
      updateViaCache: "none",
    });
  } catch (cause) {
    // Offline, or a script that does not start: whatever is installed goes on working.
    const installed = await installedAt(scopeUrl.href);
    if (installed === undefined) throw refusal(script, cause);
    return installed;
  }
  if (registration.active !== null) return registration;
  const wasInstalled = await settled(registration.installing ?? registration.waiting);
  const installed = await installedAt(registration.scope);
  if (installed !== undefined) return installed;
  throw unavailable(
    // The one worker that removes itself is the one that a site deploys to be rid of presync.
    wasInstalled ? "presync was switched off on this site" : "the worker could not be installed",
  );
}

/** The registration of exactly that scope: another app's, around this one, has another app's data. */
async function installedAt(scope: string): Promise<ServiceWorkerRegistration | undefined> {
  try {
    const found = await navigator.serviceWorker.getRegistration(scope);
    return found?.scope === scope && found.active !== null ? found : undefined;
  } catch {
    // Refused like the registration, whose error says more.
    return undefined;
  }
}

/**
 * Whether registering would change nothing. Firefox looks for a new script whenever a page is loaded, and lets
 * `register()` wait for that: for ever, on a network that never answers.
 */
function isUpToDate(registration: ServiceWorkerRegistration, script: string): boolean {
  const { active, waiting, installing, updateViaCache } = registration;
  const newest = installing ?? waiting ?? active;
  return updateViaCache === "none" && newest?.scriptURL === script;
}

/** Resolves once a new worker is active, or will never be; true where it was installed at all. */
function settled(worker: ServiceWorker | null): Promise<boolean> {
  return new Promise((resolve) => {
    let wasInstalled = false;
    const look = (): void => {
      const state = worker?.state ?? "redundant";
      // Not every browser tells of each state in between.
      wasInstalled ||= state !== "installing" && state !== "redundant";
      if (state === "activated" || state === "redundant") resolve(wasInstalled);
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}

function refusal(script: string, cause: unknown): PresyncError {
  const { name, message } = cause as Error;
  // `SecurityError` in Firefox, `NotSupportedError` in Chromium.
  const why =
    name === "SecurityError" || name === "NotSupportedError"
      ? "the browser refuses service workers here, as in private windows, without cookies, in sandboxed frames"
      : `${script} could not be registered`;
  return unavailable(`${why} (${name}: ${message})`, cause);
}

function unavailable(message: string, cause?: unknown): PresyncError {
  return new PresyncError("worker-unavailable", message, { cause });
}
