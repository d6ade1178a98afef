import { describe, expect, it } from "vitest";
import { createMemoryLimits } from "./rate-limits.ts";
import {
  askGrant,
  createTestKey,
  createTestWorld,
  getGrant,
  post,
  refusalOf,
  signIn,
} from "./test-world.ts";

async function lifeOf(changes: object): Promise<number> {
  const { app } = createTestWorld(changes);
  const { session } = await signIn(app, await createTestKey());
  const { put } = await getGrant(app, session);
  return Number(new URL(put!.template).searchParams.get("X-Amz-Expires"));
}

describe("asking for a grant", () => {
  it("is limited for each user, and no user uses up another's", async () => {
    const { app } = createTestWorld({ limits: createMemoryLimits() });
    const [mine, others] = [
      await signIn(app, await createTestKey()),
      await signIn(app, await createTestKey()),
    ];
    const request = {
      kind: "browser",
      replica: (await getGrant(app, mine.session)).replica,
    } as const;
    const answers: number[] = [];
    for (let n = 0; n < 125; n++)
      answers.push((await askGrant(app, mine.session, { ...request, kind: "browser" })).status);
    expect(answers.filter((status) => status === 429)).toHaveLength(6);
    expect((await askGrant(app, others.session, { kind: "browser" })).status).toBe(200);
  });

  it("gives the own prefix to write, and the user's replicas to read", async () => {
    const { app, clock } = createTestWorld({ grantSeconds: 1000 });
    const { session, namespace } = await signIn(app, await createTestKey());
    const first = await getGrant(app, session);
    const second = await getGrant(app, session, { kind: "node" });
    expect(second.namespace).toBe(namespace);
    expect(second.put!.replicas.map(({ replica, state }) => [replica, state])).toEqual([
      [second.replica, "own"],
    ]);
    const states = second.get.replicas.map(({ state }) => state);
    expect(states).toEqual(["own", "active", ...Array.from({ length: 8 }, () => "reserved")]);
    expect(second.get.replicas[1]?.replica).toBe(first.replica);
    expect(first.get.replicas.map(({ replica }) => replica)).toContain(second.replica);
    expect(second.issuedAt).toBe(clock.ms);
    // The URLs count from the whole second.
    expect(second.expiresAt).toBe(Math.floor(clock.ms / 1000) * 1000 + 1_000_000);
  });

  it("never grants anything of another user", async () => {
    const { app } = createTestWorld();
    const [a, b] = [
      await signIn(app, await createTestKey()),
      await signIn(app, await createTestKey()),
    ];
    const ofB = await getGrant(app, b.session);
    const ofA = JSON.stringify(await getGrant(app, a.session));
    expect(ofA).toContain(a.namespace);
    expect(ofA).not.toContain(b.namespace);
    expect(ofA).not.toContain(ofB.replica);
    for (const { replica } of ofB.get.replicas) expect(ofA).not.toContain(replica);
  });

  it("renews a replica, and refuses one of another user", async () => {
    const { app } = createTestWorld();
    const a = await signIn(app, await createTestKey());
    const b = await signIn(app, await createTestKey());
    const { replica } = await getGrant(app, a.session);
    expect((await getGrant(app, a.session, { kind: "browser", replica })).replica).toBe(replica);
    const stolen = askGrant(app, b.session, { kind: "browser", replica });
    expect(await refusalOf(stolen)).toBe("403 denied");
    const other = askGrant(app, a.session, { kind: "node", replica });
    expect(await refusalOf(other)).toBe("403 denied");
  });

  it("needs a session, before it looks at anything else", async () => {
    const { app, bucket } = createTestWorld();
    expect(await refusalOf(post(app, "/v1/grants", { kind: "browser" }))).toBe(
      "401 unauthenticated",
    );
    expect(await refusalOf(askGrant(app, "x.y.z", { kind: "browser" }))).toBe(
      "401 unauthenticated",
    );
    expect(bucket.requests).toEqual([]);
  });

  it.each([
    {},
    { kind: "phone" },
    { kind: "browser", replica: 7 },
    { kind: "browser", replica: null },
  ])("refuses %j", async (body) => {
    const { app } = createTestWorld();
    const { session } = await signIn(app, await createTestKey());
    const answer = post(app, "/v1/grants", body, { authorization: `Bearer ${session}` });
    expect(await refusalOf(answer)).toBe("400 malformed");
  });

  it("asks for no longer life than the store allows", async () => {
    expect(await lifeOf({})).toBe(604_800);
    expect(await lifeOf({ grantSeconds: 1_000_000 })).toBe(604_800);
    expect(await lifeOf({ grantSeconds: 1_000_000, grantSecondsMax: 7_776_000 })).toBe(1_000_000);
  });

  it("serves a user from any instance, also with a rotated secret", async () => {
    const { app, another } = createTestWorld();
    const { session } = await signIn(app, await createTestKey());
    const { replica, get } = await getGrant(app, session);
    const rotated = another({
      sessionSecrets: [
        "the-new-secret-which-is-long-enough!!",
        "a-session-secret-that-is-long-enough",
      ],
    });
    const renewed = await getGrant(rotated, session, { kind: "browser", replica });
    expect(renewed.get.replicas.map((entry) => entry.replica)).toEqual(
      get.replicas.map((entry) => entry.replica),
    );
  });
});
