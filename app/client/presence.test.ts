import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PresyncError } from "../../shared/errors.ts";
import { stateBytesMax } from "../../shared/presence.ts";
import type { TabToWorker } from "../../shared/wire.ts";
import type { Presences } from "./presence.ts";
import { createPresences } from "./presence.ts";

let presences: Presences;
let sent: TabToWorker[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { visibilityState: "visible" });
  sent = [];
  presences = createPresences((message) => sent.push(message));
});
afterEach(() => {
  presences.abandon();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const take = (): string[] =>
  sent.splice(0).map((message) => {
    const kind = message.type === "presence" ? message.news.kind : message.type;
    return "documentId" in message ? `${kind} ${message.documentId}` : kind;
  });
const hear = (documentId: string, state: unknown, tab = "other"): void =>
  presences.receive({
    documentId,
    replica: null,
    tab,
    isSameBrowser: true,
    news: { kind: "here", state: JSON.stringify(state) },
  });
const settle = (): void => void vi.advanceTimersByTime(1_000);
const codeOf = (action: () => void): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof PresyncError) return error.code;
    throw error;
  }
  return "none";
};

test("each document has its own others", () => {
  const [one, two] = [presences.open("one"), presences.open("two")];
  expect(take()).toEqual(["ask one", "ask two"]);
  hear("one", 1);
  hear("three", 3);
  expect(one.others).toMatchObject([{ state: 1 }]);
  expect(two.others).toEqual([]);
});

test("several of one document listen once, see the same, and leave with the last", () => {
  const [one, two] = [presences.open("doc"), presences.open("doc")];
  const seen: unknown[] = [];
  const leave = two.subscribe((others) => seen.push(others.map(({ state }) => state)));
  hear("doc", 1);
  expect(take()).toEqual(["ask doc"]);
  expect(presences.open("doc").others).toEqual(one.others);
  one.close();
  hear("doc", 2);
  leave();
  hear("doc", 3);
  expect(seen).toEqual([[], [1], [2]]);
  expect(two.others).toMatchObject([{ state: 3 }]);
  expect(take()).toEqual([]);
});

test("of several the one that spoke last is heard, and the one before when it ends", () => {
  const [one, two, three] = Array.from({ length: 3 }, () => presences.open("doc"));
  const states = (): unknown[] => {
    settle();
    return sent
      .splice(0)
      .map((message) => message.type === "presence" && message.news)
      .map((news) => news && (news.kind === "here" ? JSON.parse(news.state) : news.kind));
  };
  one!.set("one");
  two!.set("two");
  expect(states()).toEqual(["ask", "one", "two"]);
  // To say the same again is nothing new, and who has nothing to say silences nobody.
  one!.set("one");
  three!.set(undefined);
  expect(states()).toEqual([]);
  two!.close();
  two!.close();
  expect(states()).toEqual(["one"]);
  one!.set(undefined);
  expect(states()).toEqual(["left"]);
  one!.close();
  expect(take()).toEqual([]);
  three!.close();
  expect(take()).toEqual(["presence-end doc"]);
  expect(codeOf(() => two!.set(1))).toBe("closed");
});

test("what is no plain JSON, or too much of it, is refused and changes nothing", () => {
  const own = presences.open("doc");
  own.set(null);
  settle();
  take();
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(codeOf(() => own.set(circle))).toBe("invalid-argument");
  expect(codeOf(() => own.set(1n))).toBe("invalid-argument");
  expect(codeOf(() => own.set(() => {}))).toBe("invalid-argument");
  expect(codeOf(() => own.set("x".repeat(stateBytesMax - 1)))).toBe("too-large");
  // Of UTF-8, not of letters.
  expect(codeOf(() => own.set("é".repeat(stateBytesMax / 2)))).toBe("too-large");
  settle();
  expect(take()).toEqual([]);
  own.set("é".repeat(stateBytesMax / 2 - 1));
  expect(take()).toEqual(["here doc"]);
});

test("at the next worker everybody asks again and says who it is", () => {
  presences.open("one").set(1);
  presences.open("two");
  settle();
  take();
  presences.greet();
  expect(take()).toEqual(["ask one", "here one", "ask two"]);
  presences.leave();
  expect(take()).toEqual(["left one"]);
});

test("when another user becomes current nobody is there any more, and nothing is said", () => {
  const own = presences.open("doc");
  const seen: unknown[] = [];
  own.subscribe((others) => seen.push(others.length));
  hear("doc", 1);
  own.set(1);
  take();
  presences.abandon();
  expect(seen).toEqual([0, 1, 0]);
  expect(take()).toEqual(["presence-end doc"]);
  expect(codeOf(() => own.set(2))).toBe("closed");
  own.close();
  hear("doc", 2);
  settle();
  expect(own.others).toEqual([]);
  expect(take()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
