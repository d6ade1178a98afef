/**
 * Who else is in a document as an external store, in React's sense. The document is entered while somebody listens; what
 * is said of this tab before that is said then.
 */
import type { DocHandle } from "@automerge/automerge-repo/slim";
import type { Presync } from "../client/connect.ts";
import type { Presence } from "../client/presence.ts";
import type { Other } from "../client/presence-room.ts";

export type WatchedDocument = Pick<DocHandle<unknown>, "documentId">;

export interface PresenceStore<State> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly get: () => readonly Other<State>[];
  /** As `Presence.set`; without effect where another user is current by now. */
  readonly set: (state: State | undefined) => void;
}

const nobody: readonly never[] = [];

/** Without a document it has nobody. */
export function createPresenceStore<State>(
  presync: Pick<Presync, "presence">,
  handle: WatchedDocument | undefined,
): PresenceStore<State> {
  const listeners = new Set<() => void>();
  let presence: Presence<State> | undefined;
  let own: State | undefined;

  const enter = (watched: WatchedDocument): void => {
    unlessClosed(() => {
      presence = presync.presence<State>(watched);
      if (own !== undefined) presence.set(own);
      presence.subscribe(() => {
        for (const listener of listeners) listener();
      });
    });
  };

  return {
    subscribe(listener) {
      const each = (): void => listener();
      if (listeners.size === 0 && handle !== undefined) enter(handle);
      listeners.add(each);
      return () => {
        if (!listeners.delete(each) || listeners.size > 0) return;
        presence?.close();
        presence = undefined;
      };
    },
    get: () => presence?.others ?? nobody,
    set(state) {
      own = state;
      unlessClosed(() => presence?.set(state));
    },
  };
}

/** Another user is current: the components are told by what shows the document, and nobody is here meanwhile. */
function unlessClosed(action: () => void): void {
  try {
    action();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "closed") throw error;
  }
}
