import { afterEach, describe, expect, it } from "vitest";
import type { TestWorld } from "../test-world.ts";
import { createTestKey, createTestWorld, getGrant, refusalOf, signIn } from "../test-world.ts";
import { createMemoryBus } from "./memory-bus.ts";
import { createStoreEventFilter, readStoreEvents } from "./store-events.ts";
import type { TestStream } from "./test-stream.ts";
import { openStream, until } from "./test-stream.ts";

const secret = "a-secret-of-the-store";
const namespace = "key:someone_-1";
const key = `${namespace}/browser-00000a/manifest`;

const s3 = (more: object = {}, name = "ObjectCreated:Put"): object => ({
  eventVersion: "2.1",
  eventName: name,
  eventTime: "2026-01-02T03:04:05.000Z",
  s3: {
    bucket: { name: "test-bucket" },
    object: { key: encodeURIComponent(key), eTag: "e1", sequencer: "0A1B", ...more },
  },
});

const taken = (...bodies: object[]): number => {
  const filter = createStoreEventFilter("test-bucket");
  return bodies.flatMap((body) => filter.take(readStoreEvents(body))).length;
};

describe("reading a store's events", () => {
  it("finds the replica in S3's, MinIO's and Tigris' shapes", () => {
    const minio = {
      EventName: "s3:ObjectCreated:Put",
      Key: `test-bucket/${key}`,
      Records: [s3({}, "s3:ObjectCreated:Put")],
    };
    const tigris = {
      events: [
        {
          eventVersion: "1",
          eventSource: "tigris",
          eventName: "OBJECT_CREATED_PUT",
          eventTime: "2026-01-02T03:04:05Z",
          bucket: "test-bucket",
          object: { key, size: 300, eTag: "e1" },
        },
      ],
    };
    for (const body of [{ Records: [s3()] }, minio, tigris])
      expect(createStoreEventFilter("test-bucket").take(readStoreEvents(body))).toEqual([
        { source: "store", namespace, replica: "browser-00000a" },
      ]);
  });

  it("takes nothing else for one", () => {
    const bodies = [
      null,
      5,
      {},
      { Records: "x" },
      { Records: [null, {}, { s3: {} }] },
      { Service: "Amazon S3", Event: "s3:TestEvent" },
      { Records: [s3({}, "ObjectRemoved:Delete")] },
      { Records: [s3({ key: "%E0%A4%A" })] },
      { Records: [s3({ key: encodeURIComponent(`${namespace}/browser-00000a/seg/0/1`) })] },
      { Records: [s3({ key: encodeURIComponent(`${namespace}/../manifest`) })] },
      { Records: [s3({ key: `@service/replicas/${key}` })] },
      { events: [{ eventName: "OBJECT_DELETED", object: { key } }] },
    ];
    const filter = createStoreEventFilter("test-bucket");
    for (const body of bodies) expect(filter.take(readStoreEvents(body))).toEqual([]);
    const elsewhere = { ...s3(), s3: { bucket: { name: "other" }, object: { key } } };
    expect(taken({ Records: [elsewhere] })).toBe(0);
  });

  it("takes an event once, and draws no order from a sequencer", () => {
    const at = (sequencer: string, eTag: string): object => ({
      Records: [s3({ sequencer, eTag })],
    });
    expect(taken(at("0A", "a"), at("0A", "a"))).toBe(1);
    expect(taken(at("0A", "a"), at("0B", "a"))).toBe(2);
    // As Ceph has it: bytes of seconds and nanoseconds, the lowest first. Of two writes the first ends at a byte's end.
    expect(taken(at("3E0B5769FFE1F505", "a"), at("3E0B576900E2F505", "b"))).toBe(2);
    expect(taken(at("FF0B576900000000", "a"), at("000C576900000000", "a"))).toBe(2);
  });

  it("takes every event that has nothing to tell it by", () => {
    const bare = { Records: [{ eventName: "ObjectCreated:Put", s3: { object: { key } } }] };
    expect(taken(bare, bare)).toBe(2);
  });

  it("without a sequencer tells writes apart by content and time", () => {
    const at = (eTag: string, eventTime: string): object => ({
      Records: [{ ...s3({ sequencer: undefined, eTag }), eventTime }],
    });
    expect(taken(at("a", "1"), at("a", "1"))).toBe(1);
    expect(taken(at("a", "1"), at("a", "2"), at("b", "2"))).toBe(3);
  });
});

describe("POST /v1/store-events", () => {
  const streams: TestStream[] = [];
  afterEach(async () => {
    for (const stream of streams.splice(0)) await stream.close();
  });

  const send = (
    { app }: Pick<TestWorld, "app">,
    authorization: string | undefined,
    body: string,
  ): Promise<Response> =>
    Promise.resolve(
      app.request("/v1/store-events", {
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          ...(authorization === undefined ? {} : { authorization }),
        },
      }),
    );

  it("brings what the store says to those whom it concerns", async () => {
    const hints = { storeEventsSecret: secret, bus: createMemoryBus() };
    const world = createTestWorld({ hints });
    const { session } = await signIn(world.app, await createTestKey());
    const grant = await getGrant(world.app, session);
    const stream = await openStream(world.app, session, grant.replica);
    streams.push(stream);
    const own = encodeURIComponent(`${grant.namespace}/${grant.replica}/manifest`);
    const shows = [`Bearer ${secret}`, secret, `Basic ${btoa(`minio:${secret}`)}`];
    for (const [index, authorization] of shows.entries()) {
      const body = JSON.stringify({ Records: [s3({ key: own, sequencer: `0${index}` }), s3()] });
      expect((await send(world, authorization, body)).status).toBe(200);
    }
    await until(() => stream.events.length >= 4);
    expect(stream.events.slice(1)).toMatchObject(
      shows.map(() => ({ name: "hint", data: { replica: grant.replica } })),
    );
    expect(stream.text()).not.toContain("key:someone_-1");
  });

  it("takes a large batch from the store, and from nobody else", async () => {
    const world = createTestWorld({ hints: { storeEventsSecret: secret } });
    const batch = JSON.stringify({ Records: Array.from({ length: 100 }, () => s3()) });
    expect(batch.length).toBeGreaterThan(10_000);
    expect((await send(world, `Bearer ${secret}`, batch)).status).toBe(200);
    expect(await refusalOf(send(world, "Bearer wrong", batch))).toBe("413 too-large");
    const larger = " ".repeat(262_145);
    expect(await refusalOf(send(world, `Bearer ${secret}`, larger))).toBe("413 too-large");
    expect(await refusalOf(send(world, `Bearer ${secret}`, "{"))).toBe("400 malformed");
  });

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer wrong",
    `Bearer ${secret}x`,
    `Basic ${secret}`,
    "Basic %",
  ])("refuses %j", async (authorization) => {
    const world = createTestWorld({ hints: { storeEventsSecret: secret } });
    const body = JSON.stringify({ Records: [s3()] });
    expect(await refusalOf(send(world, authorization, body))).toBe("401 unauthenticated");
  });

  it("is not there where no secret was set", async () => {
    const answer = send(createTestWorld(), `Bearer ${secret}`, "{}");
    expect((await answer).status).toBe(404);
  });
});
