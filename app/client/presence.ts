/** Who is in a document right now: the tabs of one user's browsers, which tell each other and keep nothing. */
import { PresyncError } from "../../shared/errors.ts";
import { fitsState, stateBytesMax } from "../../shared/presence.ts";
import type { HeardPresence, TabToWorker } from "../../shared/wire.ts";
import type { Other, PresenceRoom } from "./presence-room.ts";
import { createPresenceRoom } from "./presence-room.ts";
import type { Writable } from "./subscribable.ts";
import { createSubscribable } from "./subscribable.ts";

export interface Presence<State> {
  /** Who else is here; another list after every change, in which who has not changed is the same. */
  readonly others: readonly Other<State>[];
  /**
   * What the others see of this tab, from now on: plain JSON of at most 4,096 bytes. Call it as often as you like; at most
   * twenty states a second are sent, and the last one always is. With undefined this tab is not here, and sees the
   * others all the same, as it does before the first call. Throws `invalid-argument` for what is no JSON, `too-large`,
   * and `closed` after `close()` or once another user is current.
   */
  set(state: State | undefined): void;
  /** Calls the listener at once, and then whenever somebody comes, changes or goes. Returns what unsubscribes. */
  subscribe(listener: (others: readonly Other<State>[]) => void): () => void;
  /** Leaves the document. */
  close(): void;
}

/** All of a page. */
export interface Presences {
  open(documentId: string): Presence<unknown>;
  receive(heard: HeardPresence): void;
  /** There is a worker, or somebody looks at the page again. */
  greet(): void;
  /** The page is being left; it may come back. */
  leave(): void;
  /** Another user is current: nobody is there any more, for any that was opened. */
  abandon(): void;
}

type List = Writable<readonly Other<unknown>[]>;

interface Shared {
  readonly room: PresenceRoom;
  /** Those that were opened for this document, and what each says of this tab. Last is who spoke last. */
  readonly lists: Map<List, string | undefined>;
}

export function createPresences(send: (message: TabToWorker) => void): Presences {
  const all = new Map<string, Shared>();

  const enter = (documentId: string): Shared => {
    const lists: Shared["lists"] = new Map();
    const room = createPresenceRoom({
      say: (news) => send({ type: "presence", documentId, news }),
      isVisible: () => document.visibilityState === "visible",
      changed(others) {
        for (const list of lists.keys()) list.set(others);
      },
    });
    const shared = { room, lists };
    all.set(documentId, shared);
    room.greet();
    return shared;
  };

  /** The tab is one for the others, however many of its parts have something to say. */
  const speak = ({ room, lists }: Shared): void =>
    room.set([...lists.values()].findLast((text) => text !== undefined));

  const leave = (documentId: string, { room }: Shared): void => {
    all.delete(documentId);
    room.close();
    send({ type: "presence-end", documentId });
  };

  return {
    open(documentId) {
      const shared = all.get(documentId) ?? enter(documentId);
      const { room, lists } = shared;
      const own: List = createSubscribable(room.others);
      lists.set(own, undefined);
      return {
        get others() {
          return own.get();
        },
        set(state) {
          if (!lists.has(own)) throw new PresyncError("closed", "this presence was closed");
          const text = textOf(state);
          if (text === lists.get(own)) return;
          lists.delete(own);
          lists.set(own, text);
          speak(shared);
        },
        subscribe: own.subscribe,
        close() {
          if (!lists.delete(own)) return;
          if (lists.size === 0) leave(documentId, shared);
          else speak(shared);
        },
      };
    },
    receive: (heard) => all.get(heard.documentId)?.room.receive(heard),
    greet() {
      for (const { room } of all.values()) room.greet();
    },
    leave() {
      for (const { room } of all.values()) room.leave();
    },
    abandon() {
      for (const [documentId, shared] of all) {
        leave(documentId, shared);
        for (const list of shared.lists.keys()) {
          shared.lists.delete(list);
          list.set([]);
        }
      }
    },
  };
}

function textOf(state: unknown): string | undefined {
  if (state === undefined) return undefined;
  let text: string | undefined;
  try {
    text = JSON.stringify(state);
  } catch {
    // It refers to itself, or has a bigint.
  }
  if (text === undefined) throw new PresyncError("invalid-argument", "a state is plain JSON");
  if (!fitsState(text))
    throw new PresyncError("too-large", `a state of more than ${stateBytesMax} bytes`);
  return text;
}
