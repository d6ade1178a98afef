/**
 * Where the store tells nobody what is written, it is asked: while somebody listens to a namespace its manifests are listed
 * now and then, and compared with what they were. So a change by a script or another tool reaches open tabs, too. Each
 * instance watches for its own listeners.
 *
 * It costs a LIST each time (two above a thousand objects, which are twenty devices at their fullest).
 */
import type { Namespace } from "../../shared/keys.ts";
import type { CheckedConfig } from "../config.ts";
import type { StoreClient } from "../store-client.ts";
import type { HintMessage } from "./bus.ts";
import { manifestOf } from "./manifest-key.ts";

/** As many as devices may have; more is nobody's honest use. */
const objectsMax = 30_000;

export interface WatcherParts {
  readonly config: Pick<CheckedConfig, "hints">;
  readonly store: Pick<StoreClient, "list">;
  readonly changed: (hint: Omit<HintMessage, "kind">) => void;
}

/** Watches one namespace until the returned function is called. */
export function createWatcher(parts: WatcherParts): (namespace: Namespace) => () => void {
  const { store, changed } = parts;
  const { watchMs } = parts.config.hints;

  return (namespace) => {
    if (watchMs === 0) return () => undefined;
    let known: ReadonlyMap<string, string> | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;

    const look = async (): Promise<void> => {
      const listed = await store.list(`${namespace}/`, objectsMax);
      const found = new Map<string, string>();
      for (const { key, etag, lastModified } of listed) {
        const manifest = manifestOf(key);
        if (manifest?.namespace === namespace) found.set(key, `${etag} ${lastModified}`);
      }
      const before = known;
      known = found;
      // The first time there is nothing to compare with, and who has just come looks at everything anyway.
      if (isOver || before === null) return;
      for (const [key, state] of found) {
        const manifest = manifestOf(key);
        if (manifest !== null && before.get(key) !== state)
          changed({ source: "watch", ...manifest });
      }
    };
    const turn = (): void => {
      // The store client has logged what failed. The next look finds what this one has missed.
      const done = look().catch(() => undefined);
      void done.then(() => {
        if (!isOver) timer = setTimeout(turn, watchMs);
      });
    };
    turn();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  };
}
