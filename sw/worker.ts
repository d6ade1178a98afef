/**
 * The worker as a whole, to be run alone (`sw.ts`) or inside an app's own service worker (`presync/worker`). It
 * listens for its own messages and leaves all others alone.
 *
 * A browser ends a worker whenever it likes; nothing here depends on living long. What must not be lost is on
 * disk before anybody is told that it is saved.
 */
import { initializeWasm } from "@automerge/automerge-repo/slim";
import type { PrecacheEntry } from "workbox-precaching";
import type { ErrorData } from "../shared/errors.ts";
import { toErrorData } from "../shared/errors.ts";
import type { Status } from "../shared/status.ts";
import type { HandOverAnswer } from "../shared/wire.ts";
import { createAppShell } from "./app-shell.ts";
import { createBackgroundSync } from "./background-sync.ts";
import { databasesOf } from "./databases.ts";
import { ownMessage } from "./own-messages.ts";
import { pause } from "./pause.ts";
import { openRegistry } from "./registry.ts";
import type { TabHub } from "./tab-hub.ts";
import { createTabHub } from "./tab-hub.ts";
import type { UserSession } from "./user-session.ts";
import { openUsers } from "./users.ts";
import { beginFreshLog } from "./world/fresh-log.ts";

export interface WorkerOptions {
  /** Where `automerge.wasm` is, relative to the worker's script. */
  readonly wasm: string;
  /** Names the build, so that tab and worker can tell whether they belong together. */
  readonly build: string;
  /** Files to have offline from the first visit on. */
  readonly precache: readonly PrecacheEntry[];
}

/** Status changes come in bursts; people do not read faster than this. */
const statusIntervalMs = 50;

/** Ports are not ordered with what is posted to the worker itself. */
const portDelayMs = 100;

/** Must be called while the worker's script is first run. */
export function startPresync(worker: ServiceWorkerGlobalScope, options: WorkerOptions): void {
  const wasm = new URL(options.wasm, worker.location.href).href;
  const shell = createAppShell(worker, options.precache, [wasm]);
  let hub: Promise<TabHub> | null = null;
  let loading: Promise<void> | null = null;

  const loadWasm = async (): Promise<void> => {
    // A Response streams into the compiler; the declaration does not say that it may be one.
    await initializeWasm((await shell.ownFile(wasm)) as unknown as Request);
  };
  const load = (): Promise<void> => {
    loading ??= loadWasm();
    loading.catch(() => {
      loading = null;
      background(shell.renew(wasm));
    });
    return loading;
  };

  const start = async (): Promise<TabHub> => {
    const lock = `presync incarnation ${crypto.randomUUID()}`;
    await Promise.all([holdForLife(lock), load(), beginFreshLog()]);
    return run(worker, {
      build: options.build,
      lock,
      keep: (urls) => shell.keep(urls),
      unsent: () => backgroundSync.ask(),
    });
  };

  const running = (): Promise<TabHub> => {
    hub ??= start();
    hub.catch(() => {
      // The next tab that says hello makes another attempt.
      hub = null;
    });
    return hub;
  };

  const stayAwake = async (): Promise<void> => {
    let to: TabHub;
    try {
      to = await running();
    } catch {
      // Whoever says hello is told.
      return;
    }
    await prune(worker, to);
    // What was sent over a port at the same time may come a moment later.
    await pause(portDelayMs);
    await to.answered();
    await to.settled();
  };

  const backgroundSync = createBackgroundSync(worker, () => running().then((to) => to.flush()));

  worker.addEventListener("install", (event) => {
    // One that cannot start is not installed: the worker that is there goes on.
    event.waitUntil(load().then(() => worker.skipWaiting()));
  });
  worker.addEventListener("activate", (event) => {
    event.waitUntil(worker.clients.claim());
  });
  worker.addEventListener("fetch", (event) => {
    shell.handleFetch(event);
    // Its page will say hello in a moment: meanwhile everything is made ready.
    if (event.request.mode === "navigate") running().catch(() => undefined);
  });
  worker.addEventListener("message", (event) => {
    const message = ownMessage(event.data);
    const [port] = event.ports;
    if (message?.type === "hello" && port !== undefined)
      event.waitUntil(
        running().then(
          async (to) => {
            await to.connect(message, port, (event.source as Client | null)?.id ?? "");
            // A browser that ends workers early is to leave it the time to come up to date.
            await to.settled();
          },
          (error: unknown) => {
            const { code, message: why } = toErrorData(error);
            // What is not ours came from the browser, while code was being loaded.
            const known = code === "internal" ? "worker-unavailable" : code;
            port.postMessage({ type: "failed", error: { code: known, message: why } });
          },
        ),
      );
    if (message?.type === "hand-over") {
      const answer = (error: ErrorData | null): void =>
        port?.postMessage({ error } satisfies HandOverAnswer);
      event.waitUntil(
        running()
          .then(async (to) => {
            await to.handOver(message);
            answer(null);
            await to.settled();
          })
          .catch((error: unknown) => answer(toErrorData(error))),
      );
    }
    if (message?.type === "awake") event.waitUntil(stayAwake());
  });
}

async function run(
  worker: ServiceWorkerGlobalScope,
  {
    build,
    lock,
    keep,
    unsent,
  }: {
    build: string;
    lock: string;
    keep: (urls: readonly string[]) => Promise<void>;
    /** Something is unsent, and no page is visible. */
    unsent: () => void;
  },
): Promise<TabHub> {
  const databases = databasesOf(worker.registration.scope);
  let storage: Status["storage"] = { persisted: false, usage: null, quota: null };
  let pending: ReturnType<typeof setTimeout> | undefined;
  let saidSaved = false;

  const status = (session: UserSession): Status => ({
    ...session.status(),
    network: hub.online ? "online" : "offline",
    storage,
    update: "none",
  });
  const announce = (): void => {
    clearTimeout(pending);
    pending = undefined;
    const session = users.peek();
    if (session === null) return;
    const now = status(session);
    saidSaved = now.bucket === "saved";
    hub.broadcast(now);
    if (now.pending.documents > 0 && now.bucket !== "off" && !hub.visible) unsent();
  };
  const changed = (): void => {
    pending ??= setTimeout(announce, statusIntervalMs);
  };

  const users = openUsers({
    databases,
    registry: openRegistry(databases.registry),
    changed,
    userChanged: () => hub.dismiss(),
    background,
  });
  const hub = createTabHub({
    users,
    build,
    lock,
    status,
    keep: (urls) => background(keep(urls)),
    changed,
    announce,
    withdrawSaved() {
      if (saidSaved && pending !== undefined) announce();
    },
  });
  const refreshStorage = async (): Promise<void> => {
    storage = await measureStorage();
    changed();
  };
  background(refreshStorage());
  await users.current();
  return hub;
}

/** Runs what nobody waits for. */
function background(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    const { code, message } = toErrorData(error);
    console.warn(`presync: a background task failed: ${code}: ${message}`);
  });
}

async function prune(worker: ServiceWorkerGlobalScope, hub: TabHub): Promise<void> {
  const clients = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  hub.prune(new Set(clients.map(({ id }) => id)));
}

async function measureStorage(): Promise<Status["storage"]> {
  // WebKitGTK has none.
  const { storage } = navigator as { readonly storage?: StorageManager };
  if (storage === undefined) return { persisted: false, usage: null, quota: null };
  const [persisted, { usage, quota }] = await Promise.all([
    storage.persisted(),
    storage.estimate(),
  ]);
  return { persisted, usage: usage ?? null, quota: quota ?? null };
}

/** Held until the worker is gone: whoever is granted this lock knows that it is. */
function holdForLife(lock: string): Promise<void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lock, () => {
        resolve();
        return new Promise(() => {});
      })
      .catch(reject);
  });
}
