/** What can be tried with sessions, and with the ids that stand in requests. */
import type { Hono } from "hono";
import { beforeEach, describe, expect, it } from "vitest";
import type { SessionAnswer } from "../../shared/sign-in.ts";
import {
  askGrant,
  createTestKey,
  getGrant,
  post,
  refusalOf,
  signIn,
} from "../../service/test-world.ts";
import type { AttackWorld } from "./world.ts";
import { bucketState } from "./world.ts";

const sessionRoutes = ["/v1/grants", "/v1/auth/refresh", "/v1/auth/revoke"];

function part(content: object): string {
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

export function attackSessions(getWorld: () => AttackWorld): void {
  describe("with sessions and ids", () => {
    let world: AttackWorld;
    let mine: SessionAnswer;
    let theirs: SessionAnswer;

    beforeEach(async () => {
      world = getWorld();
      mine = await signIn(world.app, await createTestKey());
      theirs = await signIn(world.app, await createTestKey());
    });

    const send = (path: string, session: string, app: Hono = world.app): Promise<Response> =>
      post(app, path, { kind: "browser" }, { authorization: `Bearer ${session}` });
    const ask = (replica: string): Promise<Response> =>
      askGrant(world.app, mine.session, { kind: "browser", replica });
    const refresh = async (session: string): Promise<SessionAnswer> => {
      const answer = await send("/v1/auth/refresh", session);
      expect(answer.status).toBe(200);
      return (await answer.json()) as SessionAnswer;
    };

    it("forged: no session but the service's own counts", async () => {
      const [head, payload = "", signature] = mine.session.split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
      const raised = part({ ...claims, sub: theirs.namespace });
      const endless = part({ ...claims, exp: 9_999_999_999 });
      const none = part({ alg: "none", typ: "presync-session+jwt" });
      const foreign = world.another({ sessionSecrets: ["somebody-else's-secret-of-the-same-len"] });
      const before = await bucketState(world);
      for (const token of [
        `${head}.${raised}.${signature}`,
        `${head}.${endless}.${signature}`,
        `${none}.${raised}.`,
        `${none}.${raised}.${signature}`,
        (await signIn(foreign, await createTestKey())).session,
        mine.namespace,
        "",
      ])
        for (const path of sessionRoutes)
          expect(await refusalOf(send(path, token))).toBe("401 unauthenticated");
      expect(await bucketState(world)).toEqual(before);
    });

    it("expired: a session is refused when its time is over", async () => {
      const app = world.another({ sessionSeconds: 60 });
      const { session } = await signIn(app, await createTestKey());
      expect((await send("/v1/grants", session, app)).status).toBe(200);
      world.clock.movedMs = 61_000;
      for (const path of sessionRoutes)
        expect(await refusalOf(send(path, session, app))).toBe("401 unauthenticated");
    });

    it("replayed: a session that was signed out is refused, by every instance", async () => {
      const next = await refresh(mine.session);
      expect((await send("/v1/auth/revoke", mine.session)).status).toBe(204);
      for (const { session } of [mine, next])
        for (const app of [world.app, world.another()])
          expect(await refusalOf(send("/v1/grants", session, app))).toBe("401 unauthenticated");
      expect((await send("/v1/grants", theirs.session)).status).toBe(200);
    });

    it("token reuse: a copy that is used after the next session was ends the family", async () => {
      const next = await refresh(mine.session);
      expect((await send("/v1/grants", next.session)).status).toBe(200);
      world.clock.movedMs = 61_000;
      world.events.length = 0;
      for (const { session } of [mine, next])
        expect(await refusalOf(send("/v1/grants", session))).toBe("401 unauthenticated");
      expect(await refusalOf(send("/v1/auth/refresh", next.session))).toBe("401 unauthenticated");
      const events = world.events.filter(({ event }) => event === "session-reused");
      expect(events).toHaveLength(1);
      expect(JSON.stringify(events)).not.toContain(mine.session.slice(0, 20));
    });

    it("foreign prefix: no session is given another user's replica, or one that is reserved", async () => {
      const own = await getGrant(world.app, mine.session);
      const foreign = await getGrant(world.app, theirs.session);
      const before = await bucketState(world);
      const others = [...foreign.get.replicas, ...own.get.replicas].filter(
        ({ replica }) => replica !== own.replica,
      );
      expect(others.length).toBeGreaterThan(10);
      for (const { replica } of others) expect(await refusalOf(ask(replica))).toBe("403 denied");
      expect(await bucketState(world)).toEqual(before);
      const granted = JSON.stringify(await getGrant(world.app, mine.session));
      expect(granted).not.toContain(theirs.namespace);
      for (const { replica } of foreign.get.replicas) expect(granted).not.toContain(replica);
    });

    it("traversal: no id leads the service to another key of the bucket", async () => {
      const { replica } = await getGrant(world.app, theirs.session);
      await getGrant(world.app, mine.session);
      const before = await bucketState(world);
      world.asked.length = 0;
      for (const id of [
        `../${theirs.namespace}/${replica}`,
        `..%2f${theirs.namespace}%2f${replica}`,
        `%2e%2e/${replica}`,
        "..",
        ".",
        "",
        "browser-000000000000/../../replica-pool.json",
        "browser-%30%30%30%30%30%30%30%30%30%30%30%30",
        "browser-00000000000\u0000",
        "browser-０００００００００００0",
        `BROWSER-${replica.slice(8)}`,
        `${replica}\n`,
      ])
        expect([id, await refusalOf(ask(id))]).toEqual([id, "403 denied"]);
      for (const path of [
        `/v1/auth/email/link/..%2f..%2freplica-pool.json/${"a".repeat(43)}`,
        `/v1/auth/email/link/${"a".repeat(43)}/../../../../replica-pool.json`,
        `/v1/auth/email/link/${"%2e%2e%2f".repeat(4)}${"a".repeat(39)}/${"a".repeat(43)}`,
        "/v1/auth/..%2f..%2fgrants/start",
        "/v1/auth/email/code/..%2f..%2freplica-pool.json",
      ])
        expect((await world.app.request(path)).status).toBeGreaterThanOrEqual(400);
      const outside = world.asked.filter((address) => /\.\.|%2e|%2f/i.test(address));
      expect(outside).toEqual([]);
      expect(await bucketState(world)).toEqual(before);
    });
  });
}
