/**
 * Background Sync, where the browser has it (Chromium): what was not sent when the last page was hidden or closed is sent
 * as soon as there is a network, although no page is open. Elsewhere it is sent when the app is opened next.
 *
 * https://wicg.github.io/background-sync/spec/
 */

import { PresyncError } from "../shared/errors.ts";

const tag = "presync unsent";

/** The browser tries three times within minutes, and then forgets what it was asked. */
const askMs: number = 15 * 60 * 1000;

const unsentWords = "not everything could be sent yet; the browser will say when to try again";

/** Not in TypeScript's declarations. */
interface SyncManager {
  register(tag: string): Promise<void>;
}
interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
}

export interface BackgroundSync {
  /** Something is unsent, and nobody looks: the browser is to start the worker when it can be sent. */
  ask(): void;
}

/**
 * Must be called while the worker's script is first run. `flush` sends what is unsent; false means that something is
 * left: the browser then tries again, later and later, and gives up after some attempts.
 */
export function createBackgroundSync(
  worker: ServiceWorkerGlobalScope,
  flush: () => Promise<boolean>,
): BackgroundSync {
  const { sync } = worker.registration as { sync?: SyncManager };
  let askedAt = Number.NEGATIVE_INFINITY;

  worker.addEventListener("sync", (event) => {
    const { tag: of } = event as SyncEvent;
    if (of !== tag) return;
    (event as SyncEvent).waitUntil(
      flush().then((isAllSent) => {
        // The browser tries again only if this fails, and shows that in the worker's console.
        if (!isAllSent) throw new PresyncError("unsaved", unsentWords);
        askedAt = Number.NEGATIVE_INFINITY;
      }),
    );
  });

  return {
    ask() {
      if (sync === undefined || Math.abs(Date.now() - askedAt) < askMs) return;
      askedAt = Date.now();
      // Refused without a page, by some users' settings, and in private windows.
      sync.register(tag).catch(() => {
        askedAt = Number.NEGATIVE_INFINITY;
      });
    },
  };
}
