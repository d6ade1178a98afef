/**
 * The life of one incarnation of the worker, as a pure function. A browser may end it in every state: what must not be
 * lost is on disk before anybody is told so, and the next incarnation begins idle.
 *
 *     (script run) --> idle --visit--> opening --opened--> serving --exchange--> exchanging
 *                      ^ ^ ^             |                 |     ^                |     |
 *                      | | '---failed----'                 |     '-----opened-----'     |
 *                      | '--------------superseded---------'                            |
 *                      '-----------------------------failed-----------------------------'
 *
 * - **idle**: nobody has asked for anything, or what was asked failed. Costs nothing; the browser may end it.
 * - **opening**: the current user's database and engine are being opened. Whoever asks, waits.
 * - **serving**: the tabs are served, and the bucket is written and read.
 * - **exchanging**: another user becomes current, or the same one under another replica id. What is unsent
 *   leaves, the session is closed, the next one is opened; whoever asks, waits.
 */

export type LifeState = "idle" | "opening" | "serving" | "exchanging";

export type LifeEvent =
  /** A tab says hello, hands something over, or the browser says that there is a network. */
  | "visit"
  | "opened"
  /** A session could not be opened. */
  | "failed"
  /** Somebody signs in or out, or needs another replica id. */
  | "exchange"
  /** A later incarnation has started: this one writes no more. */
  | "superseded";

/** Total: a forgotten cell is a compile error. Null where the event changes nothing. */
const lifeTable: Readonly<Record<LifeState, Readonly<Record<LifeEvent, LifeState | null>>>> = {
  idle: {
    visit: "opening",
    opened: null,
    failed: null,
    exchange: "exchanging",
    superseded: null,
  },
  opening: {
    visit: null,
    opened: "serving",
    failed: "idle",
    // One at a time: it waits for its turn.
    exchange: null,
    // What is being opened fails.
    superseded: null,
  },
  serving: {
    visit: null,
    opened: null,
    failed: null,
    exchange: "exchanging",
    superseded: "idle",
  },
  exchanging: {
    visit: null,
    opened: "serving",
    failed: "idle",
    exchange: null,
    superseded: null,
  },
};

/** Where the event leads; null where it changes nothing. */
export function nextLife(state: LifeState, event: LifeEvent): LifeState | null {
  return lifeTable[state][event];
}
