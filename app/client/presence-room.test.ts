import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ReplicaId } from "../../shared/keys.ts";
import type { PresenceNews } from "../../shared/presence.ts";
import type { Other, PresenceRoom } from "./presence-room.ts";
import { createPresenceRoom } from "./presence-room.ts";

let room: PresenceRoom;
let said: PresenceNews[];
let shown: (readonly Other<unknown>[])[];
let isVisible: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  [said, shown, isVisible] = [[], [], true];
  room = createPresenceRoom({
    say: (news) => said.push(news),
    isVisible: () => isVisible,
    changed: (others) => shown.push(others),
  });
});
afterEach(() => {
  room.close();
  vi.useRealTimers();
});

const take = (): PresenceNews[] => said.splice(0);
const here = (state: string): PresenceNews => ({ kind: "here", state });
const ask: PresenceNews = { kind: "ask" };
const left: PresenceNews = { kind: "left" };
const hear = (tab: string, news: PresenceNews, replica = "browser-aaaaaa"): void =>
  room.receive({
    documentId: "any",
    replica: replica as ReplicaId,
    tab,
    isSameBrowser: false,
    news,
  });
const states = (): unknown[] => room.others.map(({ state }) => state);

test("a state is told at once, then at most twenty times a second, and the last one wins", () => {
  room.set("0");
  expect(take()).toEqual([here("0")]);
  for (let ms = 1; ms <= 1_000; ms++) {
    vi.advanceTimersByTime(1);
    room.set(String(ms));
  }
  vi.advanceTimersByTime(1_000);
  const all = take();
  expect(all.length).toBeLessThanOrEqual(21);
  expect(all.length).toBeGreaterThan(15);
  expect(all.at(-1)).toEqual(here("1000"));
  room.set("1000");
  expect(take()).toEqual([]);
});

test("who is here says so every ten seconds while somebody looks", () => {
  room.set("1");
  take();
  vi.advanceTimersByTime(30_000);
  expect(take()).toEqual([here("1"), here("1"), here("1")]);
  isVisible = false;
  vi.advanceTimersByTime(60_000);
  expect(take()).toEqual([]);
});

test("who asks is answered at once, but not by who has long been hidden, nor by who only looks", () => {
  hear("b", ask);
  expect(take()).toEqual([]);
  room.set("1");
  vi.advanceTimersByTime(1_000);
  take();
  hear("b", ask);
  expect(take()).toEqual([here("1")]);
  isVisible = false;
  vi.advanceTimersByTime(20_000);
  hear("b", ask);
  expect(take()).toEqual([here("1")]);
  vi.advanceTimersByTime(20_000);
  hear("b", ask);
  room.set("2");
  expect(take()).toEqual([]);
  isVisible = true;
  room.greet();
  expect(take()).toEqual([ask, here("2")]);
});

test("many who ask at once get one answer more", () => {
  room.set("1");
  take();
  for (let count = 0; count < 50; count++) hear(`tab ${count}`, ask);
  vi.advanceTimersByTime(1_000);
  expect(take()).toEqual([here("1")]);
});

test("somebody comes, moves and goes", () => {
  vi.setSystemTime(1_000);
  hear("b", here('{"at":1}'));
  const [first] = room.others;
  expect(first).toEqual({
    replica: "browser-aaaaaa",
    tab: "b",
    state: { at: 1 },
    since: 1_000,
    isSameBrowser: false,
  });
  vi.setSystemTime(9_000);
  hear("c", here('{"at":9}'));
  // Who has not changed is the same.
  expect(room.others[0]).toBe(first);
  hear("b", here('{"at":2}'));
  expect(room.others[0]).toMatchObject({ state: { at: 2 }, since: 1_000 });
  hear("b", left);
  expect(states()).toEqual([{ at: 9 }]);
  hear("b", left);
  expect(shown).toHaveLength(4);
});

test("who is not heard of for 25 seconds is gone, whatever the clock says; a heartbeat shows nothing new", () => {
  hear("b", here("1"));
  hear("c", here("2"));
  for (let count = 0; count < 10; count++) {
    vi.advanceTimersByTime(10_000);
    hear("b", here("1"));
    // An hour back, an hour ahead.
    vi.setSystemTime(Date.now() + (count % 2 === 0 ? -3_600_000 : 3_600_000));
    if (count === 1) expect(states()).toEqual([1, 2]);
    if (count === 2) expect(states()).toEqual([1]);
  }
  expect(shown).toHaveLength(3);
  vi.advanceTimersByTime(25_000);
  expect(states()).toEqual([1]);
  vi.advanceTimersByTime(5_000);
  expect(states()).toEqual([]);
});

test("the same tab's name in another browser is somebody else", () => {
  hear("b", here("1"));
  hear("b", here("2"), "browser-bbbbbb");
  expect(states()).toEqual([1, 2]);
});

test("a tab of this browser stays the same when its browser gets another name", () => {
  const news = here("1");
  const local = { documentId: "any", tab: "b", isSameBrowser: true, news };
  vi.setSystemTime(1_000);
  room.receive({ ...local, replica: null });
  vi.setSystemTime(2_000);
  room.receive({ ...local, replica: "browser-aaaaaa" as ReplicaId });
  expect(room.others).toMatchObject([{ replica: "browser-aaaaaa", tab: "b", since: 1_000 }]);
});

test("what is no JSON is not heard, and no crowd fills the memory", () => {
  hear("b", here("{"));
  hear("b", here(""));
  expect(room.others).toEqual([]);
  for (let count = 0; count < 1_000; count++) hear(`tab ${count}`, here(String(count)));
  expect(room.others).toHaveLength(100);
  hear("tab 5", here('"moved"'));
  expect(states()).toContain("moved");
  hear("tab 5", left);
  hear("late", here('"late"'));
  expect(states()).toContain("late");
});

test("undefined is to leave, once, and the others are seen all the same", () => {
  room.set("1");
  room.set("2");
  room.set(undefined);
  room.set(undefined);
  vi.advanceTimersByTime(30_000);
  expect(take()).toEqual([here("1"), left]);
  hear("b", here("1"));
  expect(states()).toEqual([1]);
});

test("a page that is left says so, and comes back with what it had", () => {
  room.set("1");
  room.leave();
  vi.advanceTimersByTime(1_000);
  expect(take()).toEqual([here("1"), left]);
  room.greet();
  expect(take()).toEqual([ask, here("1")]);
});

test("closed, it says nothing any more", () => {
  room.set("1");
  room.set("2");
  room.close();
  take();
  vi.advanceTimersByTime(60_000);
  expect(take()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
