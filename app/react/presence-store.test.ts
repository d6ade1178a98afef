import { beforeEach, expect, test } from "vitest";
import { PresyncError } from "../../shared/errors.ts";
import type { Presence } from "../client/presence.ts";
import type { Other } from "../client/presence-room.ts";
import { createSubscribable } from "../client/subscribable.ts";
import type { PresenceStore, WatchedDocument } from "./presence-store.ts";
import { createPresenceStore } from "./presence-store.ts";

const handle = { documentId: "doc" } as unknown as WatchedDocument;
const ada = { state: { name: "Ada" } } as Other<unknown>;

/** What was done, in order. */
let log: string[];
let others = createSubscribable<readonly Other<unknown>[]>([]);
let isClosed: boolean;
let told: number;
let store: PresenceStore<unknown>;

const presync = {
  presence<State>(): Presence<State> {
    if (isClosed) throw new PresyncError("closed", "another user's document");
    log.push("open");
    return {
      get others() {
        return others.get() as readonly Other<State>[];
      },
      set(state) {
        if (isClosed) throw new PresyncError("closed", "another user's document");
        log.push(`set ${JSON.stringify(state)}`);
      },
      subscribe: others.subscribe as Presence<State>["subscribe"],
      close: () => void log.push("close"),
    };
  },
};
const listen = (): (() => void) => store.subscribe(() => told++);

beforeEach(() => {
  [log, isClosed, told] = [[], false, 0];
  others = createSubscribable<readonly Other<unknown>[]>([]);
  store = createPresenceStore(presync, handle);
});

test("the document is entered with the first who listens, and left with the last", () => {
  store.set(1);
  expect(log).toEqual([]);
  const [one, two] = [listen(), listen()];
  expect(log).toEqual(["open", "set 1"]);
  store.set(2);
  one();
  one();
  expect(log).toEqual(["open", "set 1", "set 2"]);
  two();
  expect(log.at(-1)).toBe("close");
  store.set(3);
  listen();
  expect(log.slice(4)).toEqual(["open", "set 3"]);
});

test("who only looks says nothing, and a snapshot is the same until somebody changes", () => {
  listen();
  expect(log).toEqual(["open"]);
  const before = store.get();
  expect(store.get()).toBe(before);
  told = 0;
  others.set([ada]);
  expect(told).toBe(1);
  expect(store.get()).toEqual([ada]);
});

test("without a document, and once another user is current, nobody is here and nothing is thrown", () => {
  const empty = createPresenceStore(presync, undefined);
  empty.subscribe(() => {});
  empty.set(1);
  expect(empty.get()).toEqual([]);
  const leave = listen();
  isClosed = true;
  store.set(2);
  leave();
  listen();
  expect(store.get()).toEqual([]);
});
