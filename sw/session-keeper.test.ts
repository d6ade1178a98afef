import "fake-indexeddb/auto";
import { beforeEach, expect, test } from "vitest";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import type { Registry, Session } from "./registry.ts";
import { openRegistry, signedOutUser, withUser } from "./registry.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import { createSessionKeeper } from "./session-keeper.ts";

const day = 86_400_000;
const namespace = "key:someone" as Namespace;

let now: number;
let asked: string[];
let answer: (held: Session) => Promise<Session>;
let registry: Registry;
let keeper: SessionKeeper;
let databases = 0;

const session = (token: string, receivedAt: number): Session => ({
  token,
  namespace,
  expiresAt: receivedAt + 90 * day,
  receivedAt,
  refreshAfterMs: day,
});

async function held(next: Session | null): Promise<void> {
  await registry.change((state) =>
    withUser(state, { ...signedOutUser(), id: namespace, namespace, session: next }),
  );
}

const token = async (): Promise<string | undefined> =>
  (await registry.read()).users[namespace]?.session?.token;

beforeEach(async () => {
  [now, asked] = [0, []];
  answer = async () => session(`next ${asked.length}`, now);
  registry = openRegistry(`session-keeper ${++databases}`);
  await held(session("first", 0));
  keeper = createSessionKeeper({
    registry,
    user: namespace,
    clock: { now: () => now },
    client: {
      refresh(present) {
        asked.push(present.token);
        return answer(present);
      },
    },
  });
});

test("a session is exchanged when it is time, and is on disk before it is used", async () => {
  now = day - 1;
  expect((await keeper.current()).token).toBe("first");
  now = day;
  expect((await keeper.current()).token).toBe("next 1");
  expect(await token()).toBe("next 1");
  expect((await keeper.current()).token).toBe("next 1");
  expect(asked).toEqual(["first"]);
});

test("a clock that was set back puts the exchange off by no more than a day", async () => {
  now = -day;
  expect((await keeper.current()).token).toBe("next 1");
});

test("what another incarnation has exchanged meanwhile is used, and its own is dropped", async () => {
  now = day;
  answer = async () => {
    await held(session("the other's", now));
    return session("late", now);
  };
  expect((await keeper.current()).token).toBe("the other's");
  expect(await token()).toBe("the other's");
});

test("an exchange that fails leaves the session as it is", async () => {
  now = day;
  answer = () => Promise.reject(new PresyncError("unreachable", "down"));
  await expect(keeper.current()).rejects.toMatchObject({ code: "unreachable" });
  expect(await token()).toBe("first");
});

test("who signs out meanwhile has no session afterwards", async () => {
  now = day;
  answer = async () => {
    await held(null);
    return session("late", now);
  };
  await expect(keeper.current()).rejects.toMatchObject({ code: "unauthenticated" });
  expect(await token()).toBeUndefined();
});
