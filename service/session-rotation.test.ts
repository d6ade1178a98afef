import { beforeEach, describe, expect, it } from "vitest";
import type { SessionAnswer } from "../shared/sign-in.ts";
import type { TestKey, TestWorld } from "./test-world.ts";
import { askGrant, createTestKey, createTestWorld, post, refusalOf, signIn } from "./test-world.ts";

const day = 86_400_000;

let world: TestWorld;
let key: TestKey;
let first: SessionAnswer;

const bearer = (session: string): Record<string, string> => ({
  authorization: `Bearer ${session}`,
});
const refresh = (session: string): Promise<Response> =>
  post(world.app, "/v1/auth/refresh", {}, bearer(session));
const revoke = (session: string): Promise<Response> =>
  post(world.app, "/v1/auth/revoke", {}, bearer(session));
const use = (session: string): Promise<Response> =>
  askGrant(world.app, session, { kind: "browser" });
const refreshed = async (session: string): Promise<SessionAnswer> => {
  const answer = await refresh(session);
  expect(answer.status).toBe(200);
  return (await answer.json()) as SessionAnswer;
};

beforeEach(async () => {
  world = createTestWorld();
  key = await createTestKey();
  first = await signIn(world.app, key);
});

describe("a session", () => {
  it("is exchanged for one of the same user that lasts longer", async () => {
    expect(first.refreshAfterMs).toBe(day);
    world.clock.ms += day;
    const next = await refreshed(first.session);
    expect(next.namespace).toBe(first.namespace);
    expect(next.session).not.toBe(first.session);
    expect(next.expiresAt).toBe(first.expiresAt + day);
    expect((await use(next.session)).status).toBe(200);
  });

  it("may be exchanged and used again until the next one is first used", async () => {
    const lost = await refreshed(first.session);
    expect((await use(first.session)).status).toBe(200);
    world.clock.ms += 3 * day;
    const next = await refreshed(first.session);
    expect((await use(next.session)).status).toBe(200);
    expect(lost.session).not.toBe(next.session);
  });

  it("is refused for a minute after the next one was used, and nobody is signed out", async () => {
    const next = await refreshed(first.session);
    await use(next.session);
    world.clock.ms += 59_000;
    expect(await refusalOf(use(first.session))).toBe("503 retry");
    expect(await refusalOf(refresh(first.session))).toBe("503 retry");
    expect((await use(next.session)).status).toBe(200);
  });

  it("of long ago ends the family, however busy the one who holds the newest is", async () => {
    let { session } = first;
    for (let count = 0; count < 3; count++) {
      ({ session } = await refreshed(session));
      await use(session);
      world.clock.ms += 50_000;
    }
    expect(await refusalOf(use(first.session))).toBe("401 unauthenticated");
    expect(await refusalOf(use(session))).toBe("401 unauthenticated");
  });

  it("that was copied ends the family when the thief was faster", async () => {
    const stolen = await refreshed(first.session);
    await use(stolen.session);
    world.clock.ms += 2 * day;
    expect(await refusalOf(refresh(first.session))).toBe("401 unauthenticated");
    expect(await refusalOf(use(stolen.session))).toBe("401 unauthenticated");
  });

  it("that was copied ends the family when both were exchanged before either was used", async () => {
    const [own, stolen] = [await refreshed(first.session), await refreshed(first.session)];
    expect((await use(own.session)).status).toBe(200);
    world.clock.ms += day;
    expect(await refusalOf(use(stolen.session))).toBe("401 unauthenticated");
    expect(await refusalOf(use(own.session))).toBe("401 unauthenticated");
  });

  it("of which two copies are first used at the same moment ends as well", async () => {
    const [own, stolen] = [await refreshed(first.session), await refreshed(first.session)];
    await Promise.all([use(own.session), use(stolen.session)]);
    world.clock.ms += day;
    expect(await refusalOf(use(own.session))).toBe("401 unauthenticated");
  });

  it("ends with all of its descendants when it is revoked, and no other sign-in does", async () => {
    const other = await signIn(world.app, key);
    const next = await refreshed(first.session);
    expect((await revoke(first.session)).status).toBe(204);
    expect((await revoke(next.session)).status).toBe(204);
    for (const { session } of [first, next])
      expect(await refusalOf(use(session))).toBe("401 unauthenticated");
    expect((await use(other.session)).status).toBe(200);
  });

  it("is known to every instance", async () => {
    const another = world.another();
    const next = await refreshed(first.session);
    await askGrant(another, next.session, { kind: "browser" });
    world.clock.ms += day;
    expect(await refusalOf(use(first.session))).toBe("401 unauthenticated");
    expect(await refusalOf(askGrant(another, next.session, { kind: "browser" }))).toBe(
      "401 unauthenticated",
    );
  });

  it("is neither good nor lost while the store is down", async () => {
    world.bucket.failure = 503;
    expect(await refusalOf(use(first.session))).toBe("503 retry");
    expect(await refusalOf(refresh(first.session))).toBe("503 retry");
    expect(await refusalOf(revoke(first.session))).toBe("503 retry");
    world.bucket.failure = undefined;
    expect((await use(first.session)).status).toBe(200);
  });

  it("goes on through a hundred exchanges", async () => {
    let { session } = first;
    for (let count = 0; count < 100; count++) {
      world.clock.ms += day;
      ({ session } = await refreshed(session));
    }
    expect((await use(session)).status).toBe(200);
  });
});
