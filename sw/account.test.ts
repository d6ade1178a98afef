import { describe, expect, test } from "vitest";
import { PresyncError } from "../shared/errors.ts";
import type { AccountParts } from "./account.ts";
import type { AccountRequest } from "../shared/wire.ts";
import { createAccount } from "./account.ts";
import type { Session } from "./registry.ts";
import type { ServiceClient } from "./service-client.ts";

const session = { token: "t" } as Session;
const first = { isBegun: false, async begin() {} };

function createParts(answer: (path: string, body?: object) => unknown): {
  readonly parts: AccountParts;
  readonly asked: unknown[];
  readonly renewals: { count: number };
} {
  const asked: unknown[] = [];
  const renewals = { count: 0 };
  const client = {
    async ask(with_, path, body) {
      expect(with_).toBe(session);
      asked.push([path, body]);
      return answer(path, body);
    },
  } as Partial<ServiceClient> as ServiceClient;
  const parts: AccountParts = {
    client,
    sessions: { current: async () => session },
    disk: { keys: async () => [] },
    engine: {
      peek: () => Promise.reject(new PresyncError("internal", "there are no documents")),
    },
    async pause(ms) {
      asked.push(ms);
    },
    async renew() {
      renewals.count++;
    },
  };
  return { parts, asked, renewals };
}

describe("an account", () => {
  test("asks for nothing that a page has made up: it could be brought a token", async () => {
    const { parts, asked } = createParts(() => ({ session: "a token" }));
    const request = { what: "../auth/refresh" } as unknown as AccountRequest;
    const refused = createAccount(parts).answer(request);
    await expect(refused).rejects.toMatchObject({ code: "invalid-argument" });
    expect(asked).toEqual([]);
  });

  test("asks the service with the session, and never answers with nothing", async () => {
    const { parts, asked, renewals } = createParts((path) =>
      path === "v1/devices" ? { devices: [] } : null,
    );
    const account = createAccount(parts);
    expect(await account.answer({ what: "devices" })).toEqual([]);
    const rename = { what: "rename", replica: "browser-00000a", name: "mine" } as const;
    expect(await account.answer(rename)).toBe(true);
    expect(renewals.count).toBe(0);
    // Which devices there are has changed: the next grant says so.
    expect(await account.answer({ what: "retire", replica: "browser-00000a" })).toBe(true);
    expect(renewals.count).toBe(1);
    expect(asked.map((each) => (each as string[])[0])).toEqual([
      "v1/devices",
      "v1/devices/rename",
      "v1/devices/retire",
    ]);
  });

  test("is nobody's who is not signed in", async () => {
    const { parts } = createParts(() => null);
    const account = createAccount({ ...parts, client: null, sessions: null });
    for (const what of ["devices", "export"] as const)
      await expect(account.answer({ what })).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(account.deleteEverything("key:a", first)).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  test("is deleted a part at a time, and not for ever", async () => {
    const answers = [false, true, false, true];
    const { parts, asked } = createParts(() => ({ done: answers.shift() }));
    await createAccount(parts).deleteEverything("key:a", first);
    const call = (finish: boolean): unknown => [
      "v1/everything/delete",
      { confirm: "key:a", finish },
    ];
    // The others have some seconds to notice; what they have written meanwhile goes as well.
    expect(asked).toEqual([call(false), call(false), 5000, call(true), call(true)]);
    const endless = createParts(() => ({ done: false }));
    await expect(
      createAccount(endless.parts).deleteEverything("key:a", first),
    ).rejects.toMatchObject({
      code: "retry",
    });
    expect(endless.asked).toHaveLength(100);
  });

  test("is deleted also where the worker ended before it heard of that", async () => {
    const over = createParts(() => {
      throw new PresyncError("unauthenticated", "over");
    });
    const account = createAccount(over.parts);
    await account.deleteEverything("key:a", { ...first, isBegun: true });
    // Where nobody was told to finish, a session that is over says nothing.
    await expect(account.deleteEverything("key:a", first)).rejects.toMatchObject({
      code: "unauthenticated",
    });
    const down = createParts(() => {
      throw new PresyncError("unreachable", "down");
    });
    await expect(
      createAccount(down.parts).deleteEverything("key:a", { ...first, isBegun: true }),
    ).rejects.toMatchObject({ code: "unreachable" });
  });

  test("says that it finishes before it does", async () => {
    const { parts, asked } = createParts(() => ({ done: true }));
    await createAccount(parts).deleteEverything("key:a", {
      isBegun: false,
      async begin() {
        asked.push("begin");
      },
    });
    expect(asked.map((each) => (Array.isArray(each) ? (each[1] as object) : each))).toEqual([
      { confirm: "key:a", finish: false },
      5000,
      "begin",
      { confirm: "key:a", finish: true },
    ]);
  });
});
