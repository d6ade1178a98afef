/**
 * The life of a tab's connection to the worker, as a pure function: what a state becomes with an event, and what is to
 * be done. `worker-link.ts` does it. Every pair of state and event is written down below; where nothing is said,
 * the event is late, or about something that is over, and changes nothing.
 *
 *                        .---------------- silent, failed ----------------.
 *                        v                                                |
 *     (start) --> pausing --timer--> connecting --welcome--> connected    |
 *                    ^                 |  ^  '------------------|---------'
 *                    |          mismatch  |                     | worker ended
 *                    |                 v  | newer, or settled   v
 *                    |              updating            succession --nobody needs it--> dormant
 *                    |                 | not newer          (is a newer worker taking over?)   |
 *                    |                 v                                                       |
 *                    '--changed--- outdated                       connecting <-----needed------'
 *
 *     any --close--> closed
 *
 * - **connecting**: hello is said, which starts the worker; its welcome is awaited.
 * - **connected**: the worker's lock is watched; once it is granted, the worker has ended.
 * - **succession**: a hello would bring the old worker back to life, and the new one could never take its place.
 * - **dormant**: nobody waits for anything here: the worker that the browser has ended may sleep.
 * - **outdated**: the two do not understand each other, and there is no newer worker. That is not for ever: another
 *   worker may be installed.
 */

export type LinkState =
  | { readonly name: "pausing"; readonly failures: number; readonly sought: boolean }
  | { readonly name: "connecting"; readonly failures: number; readonly sought: boolean }
  | { readonly name: "connected" }
  | { readonly name: "succession" }
  | { readonly name: "dormant" }
  | { readonly name: "updating" }
  | { readonly name: "outdated" }
  | { readonly name: "closed" };

export type LinkEvent =
  /** The time the state was given is over. */
  | { readonly name: "timer" }
  | { readonly name: "welcome" }
  /** The worker answers that it cannot start. */
  | { readonly name: "failed" }
  | { readonly name: "mismatch" }
  /** Its lock was granted. */
  | { readonly name: "ended" }
  /** No newer worker is about to take over, or it has. */
  | { readonly name: "settled"; readonly needed: boolean }
  /** A newer worker was looked for. */
  | { readonly name: "sought"; readonly found: boolean }
  /** An answer is overdue, another user is current, or the page was away: whatever there is, connect anew. */
  | { readonly name: "again" }
  /** Somebody waits for the worker. */
  | { readonly name: "needed" }
  /** Another worker has become the active one. */
  | { readonly name: "changed" }
  | { readonly name: "close" };

export type LinkEffect =
  /** Says hello on a port of its own. */
  | "hello"
  /** Closes the port, and ends the watch of the lock. */
  | "drop"
  /** Watches the worker's lock, and asks again what was not answered. */
  | "use"
  /** Waits for a worker that is being installed; then `settled`. */
  | "await successor"
  /** Asks the app's server for a newer worker; then `sought`. */
  | "seek newer"
  | "tell failing"
  | "tell outdated";

export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
  /** After so long in this state there is a `timer`, unless it was left. */
  readonly timerMs: number | null;
}

/**
 * A cold worker takes half a second on a slow machine, a busy one a few. A hello that is posted in the moment in
 * which a worker ends may be lost, so the first wait is short.
 */
const welcomeMsMin = 2_000;
const welcomeMsMax = 10_000;

const pauseMsMin = 250;
const pauseMsMax = 10_000;

/** So many attempts may fail before anybody is told. */
const failuresMax = 3;

type StateOf<N extends LinkState["name"]> = Extract<LinkState, { name: N }>;
type EventOf<N extends LinkEvent["name"]> = Extract<LinkEvent, { name: N }>;
type Rows = {
  readonly [S in LinkState["name"]]: {
    readonly [E in LinkEvent["name"]]: ((state: StateOf<S>, event: EventOf<E>) => LinkStep) | null;
  };
};

const step = (
  state: LinkState,
  effects: readonly LinkEffect[] = [],
  timerMs: number | null = null,
): LinkStep => ({ state, effects, timerMs });

const hello = (failures: number, sought: boolean, ...before: LinkEffect[]): LinkStep =>
  step(
    { name: "connecting", failures, sought },
    [...before, "hello"],
    Math.min(welcomeMsMin * 2 ** failures, welcomeMsMax),
  );

const helloAnew = (): LinkStep => hello(0, false, "drop");

const failed = ({ failures, sought }: StateOf<"connecting">): LinkStep => {
  const told: LinkEffect[] = failures + 1 >= failuresMax ? ["tell failing"] : [];
  const pauseMs = Math.min(pauseMsMin * 2 ** failures, pauseMsMax);
  return step({ name: "pausing", failures: failures + 1, sought }, ["drop", ...told], pauseMs);
};

const closed = (): LinkStep => step({ name: "closed" }, ["drop"]);

/** Total: a forgotten cell is a compile error. */
const linkTable: Rows = {
  pausing: {
    timer: ({ failures, sought }) => hello(failures, sought),
    welcome: null,
    failed: null,
    mismatch: null,
    ended: null,
    settled: null,
    sought: null,
    again: ({ failures, sought }) => hello(failures, sought),
    needed: null,
    changed: () => hello(0, false),
    close: closed,
  },
  connecting: {
    timer: failed,
    welcome: () => step({ name: "connected" }, ["use"]),
    failed,
    // A worker of another build may be an old one: if there is a newer one, it is welcome.
    mismatch: ({ sought }) =>
      sought
        ? step({ name: "outdated" }, ["drop", "tell outdated"])
        : step({ name: "updating" }, ["drop", "seek newer"]),
    ended: null,
    settled: null,
    sought: null,
    again: helloAnew,
    needed: null,
    changed: null,
    close: closed,
  },
  connected: {
    timer: null,
    welcome: null,
    failed: null,
    mismatch: null,
    ended: () => step({ name: "succession" }, ["drop", "await successor"]),
    settled: null,
    sought: null,
    again: helloAnew,
    needed: null,
    // The lock tells when the old one has ended.
    changed: null,
    close: closed,
  },
  succession: {
    timer: null,
    welcome: null,
    failed: null,
    mismatch: null,
    ended: null,
    settled: (_, { needed }) => (needed ? hello(0, false) : step({ name: "dormant" })),
    sought: null,
    again: null,
    // Whether it is needed is asked when this is settled.
    needed: null,
    changed: null,
    close: closed,
  },
  dormant: {
    timer: null,
    welcome: null,
    failed: null,
    mismatch: null,
    ended: null,
    settled: null,
    sought: null,
    again: () => hello(0, false),
    needed: () => hello(0, false),
    changed: null,
    close: closed,
  },
  updating: {
    timer: null,
    welcome: null,
    failed: null,
    mismatch: null,
    ended: null,
    settled: null,
    sought: (_, { found }) =>
      found ? hello(0, true) : step({ name: "outdated" }, ["tell outdated"]),
    again: null,
    needed: null,
    changed: () => hello(0, true),
    close: closed,
  },
  outdated: {
    timer: null,
    welcome: null,
    failed: null,
    mismatch: null,
    ended: null,
    settled: null,
    sought: null,
    again: null,
    needed: null,
    changed: () => hello(0, true),
    close: closed,
  },
  closed: {
    timer: null,
    welcome: null,
    failed: null,
    mismatch: null,
    ended: null,
    settled: null,
    sought: null,
    again: null,
    needed: null,
    changed: null,
    close: null,
  },
};

export function startLink(): LinkStep {
  return hello(0, false);
}

/** What the event changes; null where it changes nothing. */
export function nextLink(state: LinkState, event: LinkEvent): LinkStep | null {
  // The table's types say that the two belong together; the compiler cannot follow an index by two unions.
  const cell = linkTable[state.name][event.name] as
    | ((state: LinkState, event: LinkEvent) => LinkStep)
    | null;
  return cell === null ? null : cell(state, event);
}
