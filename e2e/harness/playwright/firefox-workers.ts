/**
 * Firefox's service workers, ended by the browser's own code: its driver's protocol has no command for it, but
 * runs scripts in the browser's windows where it is started with `--remote-allow-system-access`.
 */
import type { BrowserContext } from "@playwright/test";
import type { WorkerControl } from "../driver.ts";

/** Playwright's side of a context, which is in this process; the version of Playwright is pinned. */
interface ContextInternals {
  /** Undefined for the browser's default one. */
  readonly _browserContextId: string | undefined;
  readonly _browser: {
    readonly _browserSession: { send(method: string, parameters: object): Promise<unknown> };
  };
}

/** Runs in a window of the browser; other contexts' workers are left alone. */
const stopWorkers = `async (context) => {
  const { UserContextManager } = ChromeUtils.importESModule(
    "chrome://remote/content/shared/UserContextManager.sys.mjs",
  );
  const id = context === "" ? 0 : UserContextManager.getInternalIdById(context);
  const manager = Cc["@mozilla.org/serviceworkers/manager;1"].getService(Ci.nsIServiceWorkerManager);
  const all = manager.getAllRegistrations();
  for (let at = 0; at < all.length; at++) {
    const found = all.queryElementAt(at, Ci.nsIServiceWorkerRegistrationInfo);
    if (found.principal.originAttributes.userContextId !== id) continue;
    const { evaluatingWorker, installingWorker, waitingWorker, activeWorker } = found;
    for (const worker of [evaluatingWorker, installingWorker, waitingWorker, activeWorker])
      await worker?.terminateWorker();
  }
}`;

export function controlFirefoxWorkers(context: BrowserContext): WorkerControl {
  return {
    stop: () => runPrivileged(context, stopWorkers),
    limitStorage: impossible,
    evict: impossible,
  };
}

function impossible(): Promise<never> {
  return Promise.reject(new Error("Firefox has no such command; see needs()"));
}

async function runPrivileged(context: BrowserContext, functionDeclaration: string): Promise<void> {
  const { _browser, _browserContextId } = (
    context as unknown as { _connection: { toImpl(of: unknown): ContextInternals } }
  )._connection.toImpl(context);
  const send = (method: string, parameters: object): Promise<unknown> =>
    _browser._browserSession.send(method, parameters);
  const { contexts } = (await send("browsingContext.getTree", {
    "moz:scope": "chrome",
    maxDepth: 0,
  })) as { contexts: { context: string }[] };
  const result = (await send("script.callFunction", {
    functionDeclaration,
    arguments: [{ type: "string", value: _browserContextId ?? "" }],
    target: { context: contexts[0]?.context },
    awaitPromise: true,
  })) as { type: string; exceptionDetails?: { text: string } };
  if (result.type === "exception") throw new Error(result.exceptionDetails?.text);
}
