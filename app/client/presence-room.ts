/**
 * One document as this tab has it: who else is in it, and what this tab says of itself.
 *
 * Who is here says so every ten seconds while its page is visible, and answers whoever asks. Nobody's clock is trusted but
 * this page's own: somebody is gone when nothing was heard for 25 to 30 seconds, or at once on having said so.
 */
import type { ReplicaId } from "../../shared/keys.ts";
import type { PresenceNews } from "../../shared/presence.ts";
import type { HeardPresence } from "../../shared/wire.ts";

/** Somebody else who is in the document: a tab, of this browser or of another one of the user's. */
export interface Other<State> {
  /** The browser it is in; null while nobody is signed in. */
  readonly replica: ReplicaId | null;
  /** Another one for each page that is opened. */
  readonly tab: string;
  /** What it has set last: plain JSON, of any shape. It comes from another page, which may be of another version. */
  readonly state: State;
  /** When this page first heard of it, by its own clock: milliseconds since 1970. */
  readonly since: number;
  /** Whether it is a tab of this browser. */
  readonly isSameBrowser: boolean;
}

export interface PresenceRoom {
  readonly others: readonly Other<unknown>[];
  /** What this tab says of itself from now on, as JSON text; undefined: that it is not here. */
  set(text: string | undefined): void;
  receive(heard: HeardPresence): void;
  /** Asks who is here, and says that this tab is. */
  greet(): void;
  /** This tab is not here for now. */
  leave(): void;
  /** Nothing is said any more, not even that this tab has left. */
  close(): void;
}

export interface RoomParts {
  readonly say: (news: PresenceNews) => void;
  readonly isVisible: () => boolean;
  readonly changed: (others: readonly Other<unknown>[]) => void;
}

/** Twenty times a second: as often as an eye needs to take it for movement. */
const sayMs = 50;

const beatMs = 10_000;

/** Two heartbeats may be lost. */
const goneMs = 25_000;
const lookMs = 5_000;

/** More than anybody looks at; and what others claim to be is bounded by it. */
const othersMax = 100;

interface Known {
  readonly other: Other<unknown>;
  readonly text: string;
  heardAt: number;
}

export function createPresenceRoom({ say, isVisible, changed }: RoomParts): PresenceRoom {
  const known = new Map<string, Known>();
  let others: readonly Other<unknown>[] = [];
  let own: string | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let isWaiting = false;
  let visibleAt = performance.now();

  const show = (): void => {
    others = Array.from(known.values(), ({ other }) => other);
    changed(others);
  };

  /** The newest state, now or when the last one is long enough ago. */
  const tell = (): void => {
    if (isVisible()) visibleAt = performance.now();
    // Who is hidden for longer is gone for the others, and does not come back by answering.
    if (own === undefined || performance.now() - visibleAt > goneMs) return;
    isWaiting = pause !== undefined;
    if (isWaiting) return;
    say({ kind: "here", state: own });
    pause = setTimeout(() => {
      pause = undefined;
      if (isWaiting) tell();
    }, sayMs);
  };

  const look = (): void => {
    const { size } = known;
    for (const [key, { heardAt }] of known)
      if (performance.now() - heardAt > goneMs) known.delete(key);
    if (known.size < size) show();
  };

  const leave = (): void => {
    isWaiting = false;
    if (own !== undefined) say({ kind: "left" });
  };

  const beat = setInterval(() => isVisible() && tell(), beatMs);
  const looking = setInterval(look, lookMs);

  return {
    get others() {
      return others;
    },
    set(text) {
      if (text === own) return;
      if (text === undefined) leave();
      own = text;
      tell();
    },
    receive({ news, replica, tab, isSameBrowser }) {
      if (news.kind === "ask") return tell();
      // By signing in this browser gets another replica; its tabs stay who they are.
      const key = isSameBrowser ? tab : `${replica}/${tab}`;
      const before = known.get(key);
      if (news.kind === "left") return known.delete(key) ? show() : undefined;
      const { state: text } = news;
      const heardAt = performance.now();
      if (before?.text === text && before.other.replica === replica) {
        before.heardAt = heardAt;
        return;
      }
      if (before === undefined && known.size >= othersMax) return;
      let state: unknown;
      try {
        state = JSON.parse(text);
      } catch {
        // Not one of ours has said it.
        return;
      }
      const since = before?.other.since ?? Date.now();
      known.set(key, { text, heardAt, other: { replica, tab, state, since, isSameBrowser } });
      show();
    },
    greet() {
      look();
      say({ kind: "ask" });
      tell();
    },
    leave,
    close() {
      clearInterval(beat);
      clearInterval(looking);
      clearTimeout(pause);
    },
  };
}
