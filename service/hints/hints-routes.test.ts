import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Grant } from "../../shared/grants.ts";
import { createMemoryLimits } from "../rate-limits.ts";
import type { TestWorld } from "../test-world.ts";
import {
  createTestKey,
  createTestWorld,
  getGrant,
  post,
  postAs,
  putManifest,
  refusalOf,
  signIn,
} from "../test-world.ts";
import { createMemoryBus } from "./memory-bus.ts";
import type { TestStream } from "./test-stream.ts";
import { openStream, until } from "./test-stream.ts";

const bus = (): { bus: ReturnType<typeof createMemoryBus> } => ({ bus: createMemoryBus() });
const streams: TestStream[] = [];

/** Long enough for whatever was going to come: nothing here waits for more than a few turns. */
const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

/** What an instance counts, remembers or watches, it does for itself. */
const oneInstance = (of: TestWorld): TestWorld => ({ ...of, app: of.another() });

interface Somebody {
  readonly session: string;
  readonly grant: Grant;
}

async function somebody(world: TestWorld): Promise<Somebody> {
  const { session } = await signIn(world.app, await createTestKey());
  return { session, grant: await getGrant(world.app, session) };
}

async function listen(
  world: TestWorld,
  { session, grant }: Somebody,
  after?: string,
): Promise<TestStream> {
  const stream = await openStream(world.app, session, grant.replica, after);
  streams.push(stream);
  if (stream.response.status === 200) await until(() => stream.events.length > 0);
  return stream;
}

const report = (world: TestWorld, who: Somebody, more: object = {}): Promise<Response> =>
  postAs(world.app, who.session, "/v1/hints", {
    replica: who.grant.replica,
    generation: 7,
    ...more,
  });

const hintsOf = (stream: TestStream): unknown[] =>
  stream.events.filter(({ name }) => name === "hint").map(({ data }) => data);

let world: TestWorld;

beforeEach(() => {
  world = createTestWorld({ hints: { ...bus(), watchMs: 0 } });
});

afterEach(async () => {
  vi.useRealTimers();
  for (const stream of streams.splice(0)) await stream.close();
});

describe("a stream of hints", () => {
  it("begins with what a client must know of it, and is neither kept nor held back", async () => {
    const { response, events } = await listen(world, await somebody(world));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    const [first] = events;
    expect(first).toMatchObject({
      name: "settings",
      data: { heartbeatMs: 15_000, watched: false },
    });
    expect(Number(first?.id)).toBe(world.clock.ms);
  });

  it("says that the bucket is watched where it is, or sends events", async () => {
    const storeEventsSecret = "a-secret-of-the-store";
    for (const [hints, watched] of [
      [{ watchMs: 10_000 }, true],
      [{ storeEventsSecret }, true],
      // That events were set up does not say that they come.
      [{ storeEventsSecret, watchMs: 0 }, false],
    ] as const) {
      const other = createTestWorld({ hints: { ...bus(), ...hints } });
      const { events } = await listen(other, await somebody(other));
      expect(events[0]?.data).toMatchObject({ watched });
    }
  });

  it("tells of a user's changes, and of nobody else's", async () => {
    const [ada, eve] = [await somebody(world), await somebody(world)];
    const [ofAda, ofEve] = [await listen(world, ada), await listen(world, eve)];
    const hlc = { wallMs: 5, counter: 1 };
    expect((await report(world, ada, { hlc })).status).toBe(204);
    await until(() => hintsOf(ofAda).length > 0);
    const { namespace, replica } = ada.grant;
    expect(hintsOf(ofAda)).toEqual([
      { namespace, replica, generation: 7, hlc, at: Number(ofAda.position()) },
    ]);
    await moment();
    expect(hintsOf(ofEve)).toEqual([]);
    expect(ofEve.text()).not.toContain(namespace);
  });

  it("goes on where it was cut, with the newest of each replica", async () => {
    const ada = await somebody(world);
    world.clock.ms += 60_000;
    const first = await listen(world, ada);
    await report(world, ada, { generation: 1 });
    await until(() => hintsOf(first).length > 0);
    await first.close();
    world.clock.ms += 60_000;
    for (const generation of [2, 3]) await report(world, ada, { generation });
    const second = await listen(world, ada, first.position());
    expect(hintsOf(second)).toMatchObject([{ generation: 3 }]);
    expect(second.events.map(({ name }) => name)).toEqual(["settings", "hint"]);
    // Cut again before the rest has come, it must not begin behind it.
    expect(second.events[0]?.id).toBeUndefined();
  });

  it("says that anything may have changed to who comes from before all it knows", async () => {
    const ada = await somebody(world);
    const early = String(world.clock.ms - 3_600_000);
    const stream = await listen(world, ada, early);
    expect(stream.events.map(({ name }) => name)).toEqual(["settings", "reset"]);
    expect(Number(stream.position())).toBe(world.clock.ms);
  });

  it("is refused without a session, and for another user's replica or none", async () => {
    const [ada, eve] = [await somebody(world), await somebody(world)];
    const refusals = [
      await listen(world, { ...ada, session: "nobody" }),
      await openStream(world.app, ada.session, eve.grant.replica),
      await openStream(world.app, ada.session, "..%2Fada"),
    ];
    const said = await Promise.all(
      refusals.map(({ response }) => refusalOf(Promise.resolve(response))),
    );
    expect(said.map((text) => text.split(" ")[0])).toEqual(["401", "403", "403"]);
  });

  it("ends when its sign-in does, and a moment later for all of the user's", async () => {
    const ada = await somebody(world);
    const eve = await somebody(world);
    const [ofAda, ofEve] = [await listen(world, ada), await listen(world, eve)];
    await postAs(world.app, ada.session, "/v1/auth/revoke", {});
    await until(ofAda.isOver);
    expect(ofEve.isOver()).toBe(false);
    const { response } = await listen(world, ada);
    expect(response.status).toBe(401);
    expect(await refusalOf(report(world, ada))).toBe("401 unauthenticated");
  });

  it("does not end when the session is exchanged for the next one", async () => {
    const ada = await somebody(world);
    const stream = await listen(world, ada);
    const answer = await postAs(world.app, ada.session, "/v1/auth/refresh", {});
    const { session } = (await answer.json()) as { readonly session: string };
    await report(world, { ...ada, session });
    await until(() => hintsOf(stream).length > 0);
    expect(stream.isOver()).toBe(false);
  });

  it("ends when the service is about to stop, and none begins", async () => {
    const closing = new AbortController();
    world = createTestWorld({ hints: bus(), closing: closing.signal });
    const ada = await somebody(world);
    const stream = await listen(world, ada);
    closing.abort();
    await until(stream.isOver);
    expect((await listen(world, ada)).response.status).toBe(503);
  });

  it("is one of so many of a device, and of an instance", async () => {
    world = oneInstance(createTestWorld({ hints: { ...bus(), streamsMax: 4, watchMs: 0 } }));
    const [ada, eve, bob] = [
      await somebody(world),
      await somebody(world),
      await somebody(world),
    ] as const;
    const ofAda: TestStream[] = [];
    for (let n = 0; n < 4; n++) ofAda.push(await listen(world, ada));
    // The oldest makes room for the newest.
    await until(() => ofAda[0]!.isOver());
    expect(ofAda.map(({ isOver }) => isOver())).toEqual([true, false, false, false]);
    const ofEve = await listen(world, eve);
    expect(ofEve.response.status).toBe(200);
    expect((await listen(world, bob)).response.status).toBe(503);
    await ofEve.close();
    expect((await listen(world, bob)).response.status).toBe(200);
  });

  it("does not begin under a sign-in that ends meanwhile", async () => {
    const ada = await somebody(world);
    // While the limit is asked, what is known of the session is known already.
    const limits = {
      take: async (name: string) => {
        if (name === "hint-streams") await postAs(world.app, ada.session, "/v1/auth/revoke", {});
        return 0;
      },
      giveBack: async () => undefined,
    };
    const shared = bus();
    world = { ...world, app: world.another({ hints: shared, limits }) };
    expect((await listen(world, ada)).response.status).toBe(503);
    expect((await listen(world, ada)).response.status).toBe(401);
  });

  it("is not there where there are to be no hints, nor is anything else of them", async () => {
    world = createTestWorld({
      hints: { isOn: false, storeEventsSecret: "a-secret-of-the-store" },
    });
    const ada = await somebody(world);
    expect((await listen(world, ada)).response.status).toBe(404);
    for (const path of ["/v1/hints", "/v1/signals", "/v1/store-events"])
      expect((await post(world.app, path, {})).status).toBe(404);
  });

  it("is counted, and so is what is sent", async () => {
    const ada = await somebody(world);
    const stream = await listen(world, ada);
    await report(world, ada);
    await until(() => hintsOf(stream).length > 0);
    await stream.close();
    const told = world.events.filter(({ event }) => event.startsWith("hint"));
    expect(told).toMatchObject([
      { event: "hint-stream-opened", streams: 1 },
      { event: "hints-delivered", source: "report", streams: 1 },
      { event: "hint-stream-ended", streams: 0 },
    ]);
  });
});

describe("time passing over a stream", () => {
  it("brings a heartbeat with a position, and the end of an expired session", async () => {
    world = createTestWorld({ hints: { ...bus(), heartbeatMs: 100 }, sessionSeconds: 60 });
    const stream = await listen(world, await somebody(world));
    world.clock.ms += 30_000;
    await until(() => Number(stream.position()) === world.clock.ms);
    expect(stream.events).toHaveLength(1);
    world.clock.ms += 31_000;
    await until(stream.isOver);
  });

  it("finds out that a sign-in was ended where nobody told", async () => {
    world = createTestWorld({ hints: { heartbeatMs: 100, watchMs: 0 } });
    const ada = await somebody(world);
    const stream = await listen(world, ada);
    const requests = (): number => world.bucket.requests.length;
    const before = requests();
    world.clock.ms += 300_000;
    await until(() => requests() > before);
    await until(() => Number(stream.position()) === world.clock.ms);
    expect(stream.isOver()).toBe(false);
    // Another instance, with a bus of its own.
    await postAs(world.another(), ada.session, "/v1/auth/revoke", {});
    world.clock.ms += 300_000;
    await until(stream.isOver);
  });
});

describe("a report", () => {
  it("must be about a replica of one's own, and complete", async () => {
    const [ada, eve] = [await somebody(world), await somebody(world)];
    const stream = await listen(world, eve);
    const refusals = [
      report(world, ada, { replica: eve.grant.replica }),
      report(world, ada, { replica: 5 }),
      report(world, ada, { generation: -1 }),
      report(world, ada, { generation: "7" }),
      report(world, ada, { hlc: { wallMs: "now" } }),
      post(world.app, "/v1/hints", { replica: ada.grant.replica, generation: 1 }),
    ];
    expect(await Promise.all(refusals.map(refusalOf))).toEqual([
      "403 denied",
      "400 malformed",
      "400 malformed",
      "400 malformed",
      "400 malformed",
      "401 unauthenticated",
    ]);
    await moment();
    expect(hintsOf(stream)).toEqual([]);
  });

  it("asks the store who it is once in a while only", async () => {
    world = oneInstance(world);
    const ada = await somebody(world);
    await report(world, ada);
    const before = world.bucket.requests.length;
    for (let n = 0; n < 20; n++) expect((await report(world, ada)).status).toBe(204);
    expect(world.bucket.requests.length).toBe(before);
    world.clock.ms += 61_000;
    await report(world, ada);
    expect(world.bucket.requests.length).toBeGreaterThan(before);
  });

  it("does not use up what its client may do otherwise", async () => {
    world = createTestWorld({ hints: { ...bus(), watchMs: 0 }, limits: createMemoryLimits() });
    const ada = await somebody(world);
    const answers: number[] = [];
    for (let n = 0; n < 1201; n++) answers.push((await report(world, ada)).status);
    expect(answers.filter((status) => status === 429)).toHaveLength(1);
    expect((await post(world.app, "/v1/auth/refresh", {})).status).toBe(401);
  });
});

describe("a signal", () => {
  const signal = (who: Somebody, more: object): Promise<Response> =>
    postAs(world.app, who.session, "/v1/signals", {
      from: who.grant.replica,
      to: who.grant.replica,
      payload: "hello",
      ...more,
    });

  it("reaches the replica it is for, and no other", async () => {
    const ada = await somebody(world);
    const other = { ...ada, grant: await getGrant(world.app, ada.session) };
    const [first, second] = [await listen(world, ada), await listen(world, other)];
    expect((await signal(ada, { to: other.grant.replica })).status).toBe(204);
    await until(() => second.events.length > 1);
    const { replica: from } = ada.grant;
    expect(second.events[1]).toMatchObject({ name: "signal", data: { from, payload: "hello" } });
    await moment();
    expect(first.events).toHaveLength(1);
  });

  it("comes from a replica of one's own, reaches none of another user, and has a size", async () => {
    const [ada, eve] = [await somebody(world), await somebody(world)];
    const ofAda = await listen(world, ada);
    expect(await refusalOf(signal(eve, { from: ada.grant.replica }))).toBe("403 denied");
    expect((await signal(eve, { to: ada.grant.replica })).status).toBe(204);
    expect((await signal(eve, { payload: "é".repeat(2048) })).status).toBe(204);
    expect(await refusalOf(signal(eve, { payload: "é".repeat(2049) }))).toBe("413 too-large");
    expect(await refusalOf(signal(eve, { payload: "x".repeat(20_000) }))).toBe("413 too-large");
    expect(await refusalOf(signal(eve, { to: "../x" }))).toBe("400 malformed");
    await moment();
    expect(ofAda.events).toHaveLength(1);
  });
});

describe("watching the bucket", () => {
  it("tells of a manifest that changes without a report, while somebody listens, and of no other object", async () => {
    world = createTestWorld({ hints: { ...bus(), watchMs: 100 } });
    const ada = await somebody(world);
    const other = await getGrant(world.app, ada.session);
    await putManifest(world, other, 1);
    const stream = await listen(world, ada);
    const lists = (): number =>
      world.bucket.requests.filter((request) => request === "GET ").length;
    const first = lists();
    await until(() => lists() > first + 3);
    expect(hintsOf(stream)).toEqual([]);
    world.bucket.objects.set(`${other.namespace}/${other.replica}/seg/0/1`, {
      text: "x",
      modifiedAt: world.clock.ms,
    });
    await putManifest(world, other, 2);
    await until(() => hintsOf(stream).length > 0);
    const { namespace, replica } = other;
    expect(hintsOf(stream)).toEqual([{ namespace, replica, at: Number(stream.position()) }]);
    await stream.close();
    await moment();
    const seen = lists();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(lists()).toBe(seen);
  });

  it("brings who resumes to look, where nobody has watched meanwhile", async () => {
    world = oneInstance(createTestWorld({ hints: { ...bus(), watchMs: 3_600_000 } }));
    const ada = await somebody(world);
    world.clock.ms += 60_000;
    const first = await listen(world, ada);
    const names = ({ events }: TestStream): string[] => events.map(({ name }) => name);
    world.clock.ms += 60_000;
    await report(world, ada);
    await until(() => hintsOf(first).length > 0);
    const beside = await listen(world, ada, first.position());
    expect(names(beside)).toEqual(["settings", "hint"]);
    await first.close();
    await beside.close();
    await putManifest(world, ada.grant, 1);
    expect(names(await listen(world, ada, first.position()))).toEqual(["settings", "reset"]);
  });

  it("brings who resumes to look, where somebody else came first", async () => {
    world = oneInstance(createTestWorld({ hints: { ...bus(), watchMs: 3_600_000 } }));
    const ada = await somebody(world);
    const first = await listen(world, ada);
    world.clock.ms += 60_000;
    await report(world, ada);
    await until(() => hintsOf(first).length > 0);
    await first.close();
    // Nobody watches now.
    await putManifest(world, ada.grant, 1);
    world.clock.ms += 60_000;
    await listen(world, ada);
    const resumed = await listen(world, ada, first.position());
    expect(resumed.events.map(({ name }) => name)).toEqual(["settings", "reset"]);
  });

  it("goes on after a store that was down, and misses nothing", async () => {
    world = createTestWorld({ hints: { ...bus(), watchMs: 100 } });
    const ada = await somebody(world);
    await putManifest(world, ada.grant, 1);
    const stream = await listen(world, ada);
    await moment();
    world.bucket.failure = 503;
    await until(() => world.events.some(({ event }) => event === "store-refused"));
    await putManifest(world, ada.grant, 2);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(hintsOf(stream)).toEqual([]);
    world.bucket.failure = undefined;
    await until(() => hintsOf(stream).length > 0);
  });
});

describe("several instances on one bus", () => {
  it("tell each other, and a cut stream goes on at another one", async () => {
    const ada = await somebody(world);
    const there = world.another();
    world.clock.ms += 60_000;
    const here = await listen(world, ada);
    const elsewhere = await openStream(there, ada.session, ada.grant.replica);
    streams.push(elsewhere);
    await report(world, ada, { generation: 1 });
    await until(() => hintsOf(elsewhere).length > 0);
    await here.close();
    world.clock.ms += 60_000;
    await report(world, ada, { generation: 2 });
    const resumed = await openStream(there, ada.session, ada.grant.replica, here.position());
    streams.push(resumed);
    await until(() => hintsOf(resumed).length > 0);
    expect(hintsOf(resumed)).toMatchObject([{ generation: 2 }]);
  });
});
