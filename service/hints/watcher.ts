/**
 * Where the store tells nobody what is written, it is asked: while somebody listens to a namespace its manifests are listed
 * now and then, and compared with what they were. So a change by a script or another tool reaches open tabs, too. Each
 * instance watches for its own listeners.
 *
 * It costs a LIST each time (two above a thousand objects, which are twenty devices at their fullest), and an instance
 * begins so many a second at most, whoever listens: the more namespaces there are, the rarer each one's turn.
 */
import type { Namespace } from "../../shared/keys.ts";
import type { CheckedConfig } from "../config.ts";
import type { StoreClient } from "../store-client.ts";
import type { HintMessage } from "./bus.ts";
import { manifestOf } from "./manifest-key.ts";

/** As many as devices may have; more is nobody's honest use. */
const objectsMax = 30_000;

/** Twenty a second: 200 users who have the app open, each looked at every ten seconds. */
const looksApartMs = 50;

export interface WatcherParts {
  readonly config: Pick<CheckedConfig, "hints" | "now">;
  readonly store: Pick<StoreClient, "list">;
  readonly changed: (hint: Omit<HintMessage, "kind">) => void;
}

/** Watches one namespace until the returned function is called. */
export function createWatcher(parts: WatcherParts): (namespace: Namespace) => () => void {
  const { store, changed } = parts;
  const { now } = parts.config;
  const { watchMs } = parts.config.hints;
  /** Whose turn it is, first come first. */
  const due = new Set<() => void>();
  let pacer: ReturnType<typeof setTimeout> | undefined;

  const next = (): void => {
    pacer = undefined;
    const [look] = due;
    if (look === undefined) return;
    due.delete(look);
    pacer = setTimeout(next, looksApartMs);
    look();
  };
  const queue = (look: () => void): void => {
    due.add(look);
    if (pacer === undefined) next();
  };

  return (namespace) => {
    if (watchMs === 0) return () => undefined;
    const openedAt = now();
    let known: ReadonlyMap<string, string> | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;

    const look = async (): Promise<void> => {
      const listed = await store.list(`${namespace}/`, objectsMax);
      const before = known;
      const found = new Map<string, string>();
      for (const { key, etag, lastModified } of listed) {
        const manifest = manifestOf(key);
        if (manifest?.namespace !== namespace) continue;
        const state = `${etag} ${lastModified}`;
        found.set(key, state);
        // Who has just come looks at everything; the first turn may have been a while after that.
        const isNews = before === null ? lastModified > openedAt : before.get(key) !== state;
        if (isNews && !isOver) changed({ source: "watch", ...manifest });
      }
      known = found;
    };
    const turn = (): void => {
      // The store client has logged what failed. The next look finds what this one has missed.
      const done = look().catch(() => undefined);
      void done.then(() => {
        if (!isOver) timer = setTimeout(() => queue(turn), watchMs);
      });
    };
    queue(turn);
    return () => {
      isOver = true;
      due.delete(turn);
      clearTimeout(timer);
    };
  };
}
