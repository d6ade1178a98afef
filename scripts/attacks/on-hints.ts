/** What can be tried with streams of hints, with what is reported, and in the store's name. */
import { afterEach, describe, expect, it } from "vitest";
import type { Hono } from "hono";
import type { TestStream } from "../../service/hints/test-stream.ts";
import { openStream, until } from "../../service/hints/test-stream.ts";
import type { Grant } from "../../shared/grants.ts";
import {
  createTestKey,
  getGrant,
  post,
  postAs,
  refusalOf,
  signIn,
} from "../../service/test-world.ts";
import type { AttackWorld } from "./world.ts";

const secret = "a-secret-of-the-store";

/** Long enough for what was going to come: nothing here leaves the process but to the store. */
const momentMs = 200;

interface Somebody {
  readonly session: string;
  readonly grant: Grant;
}

async function somebody(app: Hono): Promise<Somebody> {
  const { session } = await signIn(app, await createTestKey());
  return { session, grant: await getGrant(app, session) };
}

function refused({ response }: TestStream): Promise<string> {
  return refusalOf(Promise.resolve(response));
}

export function attackHints(getWorld: () => AttackWorld): void {
  const streams: TestStream[] = [];

  const listen = async (app: Hono, session: string, replica: string): Promise<TestStream> => {
    const stream = await openStream(app, session, replica);
    streams.push(stream);
    if (stream.response.status === 200) await until(() => stream.events.length > 0);
    return stream;
  };

  describe("with hints", () => {
    afterEach(async () => {
      for (const stream of streams.splice(0)) await stream.close();
    });

    it("foreign stream: nobody hears of another user's changes", async () => {
      const app = getWorld().another();
      const [ada, eve] = [await somebody(app), await somebody(app)];
      expect(await refused(await listen(app, eve.session, ada.grant.replica))).toBe("403 denied");
      expect(await refused(await listen(app, "x".repeat(40), ada.grant.replica))).toBe(
        "401 unauthenticated",
      );
      const ofEve = await listen(app, eve.session, eve.grant.replica);
      const ofAda = await listen(app, ada.session, ada.grant.replica);
      const { replica } = ada.grant;
      await postAs(app, ada.session, "/v1/hints", { replica, generation: 1 });
      await postAs(app, ada.session, "/v1/signals", { from: replica, to: replica, payload: "x" });
      await until(() => ofAda.events.length >= 3);
      await new Promise((resolve) => setTimeout(resolve, momentMs));
      expect(ofEve.events.map(({ name }) => name)).toEqual(["settings"]);
    });

    it("foreign replica: nobody reports or signals for another user's, or to it", async () => {
      const app = getWorld().another();
      const [ada, eve] = [await somebody(app), await somebody(app)];
      const ofAda = await listen(app, ada.session, ada.grant.replica);
      const { replica } = ada.grant;
      for (const [path, body] of [
        ["/v1/hints", { replica, generation: 99 }],
        ["/v1/hints", { replica, generation: 99, namespace: ada.grant.namespace }],
        ["/v1/signals", { from: replica, to: replica, payload: "x" }],
      ] as const)
        expect(await refusalOf(postAs(app, eve.session, path, body))).toBe("403 denied");
      const toAda = { from: eve.grant.replica, to: replica, payload: "x" };
      expect((await postAs(app, eve.session, "/v1/signals", toAda)).status).toBe(204);
      await new Promise((resolve) => setTimeout(resolve, momentMs));
      expect(ofAda.events).toHaveLength(1);
    });

    it("traversal: a replica's name is looked up, whatever it says", async () => {
      const app = getWorld().another();
      const { session } = await somebody(app);
      for (const replica of ["../browser-00000a", "%2e%2e", "manifest", "", "browser-00000a/x"]) {
        const stream = await listen(app, session, encodeURIComponent(replica));
        expect(await refused(stream)).toBe("403 denied");
        const report = postAs(app, session, "/v1/hints", { replica, generation: 1 });
        expect(await refusalOf(report)).toBe("403 denied");
      }
    });

    it("forged: a store's event without its secret says nothing, nor does one of another bucket", async () => {
      const app = getWorld().another({ hints: { storeEventsSecret: secret } });
      const ada = await somebody(app);
      const stream = await listen(app, ada.session, ada.grant.replica);
      const key = `${ada.grant.namespace}/${ada.grant.replica}/manifest`;
      const event = (bucket: string, sequencer: string): object => ({
        Records: [
          {
            eventName: "ObjectCreated:Put",
            s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key), sequencer } },
          },
        ],
      });
      const { bucket } = getWorld().store;
      for (const authorization of [undefined, "Bearer", `Bearer ${ada.session}`, "Basic eDp5"]) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = post(app, "/v1/store-events", event(bucket, "01"), headers);
        expect(await refusalOf(answer)).toBe("401 unauthenticated");
      }
      const authorization = `Bearer ${secret}`;
      const headers = { authorization };
      for (const [name, sequencer] of [
        ["another-bucket", "02"],
        [bucket, "03"],
      ] as const)
        expect((await post(app, "/v1/store-events", event(name, sequencer), headers)).status).toBe(
          200,
        );
      await until(() => stream.events.length >= 2);
      await new Promise((resolve) => setTimeout(resolve, momentMs));
      expect(stream.events).toHaveLength(2);
    });

    it("exhaustion: one user's streams are limited, and leave room for others", async () => {
      const app = getWorld().another({ hints: { watchMs: 0 } });
      const [ada, eve] = [await somebody(app), await somebody(app)];
      const opened: TestStream[] = [];
      const openCount = (): number =>
        opened.filter(({ response, isOver }) => response.status === 200 && !isOver()).length;
      for (let n = 0; n < 60; n++) opened.push(await listen(app, ada.session, ada.grant.replica));
      // Of one device the oldest makes room.
      await until(() => openCount() === 3);
      for (let n = 0; n < 13; n++) {
        const { replica } = await getGrant(app, ada.session);
        for (let m = 0; m < 3; m++) opened.push(await listen(app, ada.session, replica));
      }
      expect(openCount()).toBe(40);
      expect(opened.filter(({ response }) => response.status === 429)).toHaveLength(2);
      expect((await listen(app, eve.session, eve.grant.replica)).response.status).toBe(200);
    });

    it("expired, revoked: a stream does not outlive its sign-in", async () => {
      const app = getWorld().another();
      const ada = await somebody(app);
      const stream = await listen(app, ada.session, ada.grant.replica);
      await postAs(app, ada.session, "/v1/auth/revoke", {});
      await until(stream.isOver);
      expect(await refused(await listen(app, ada.session, ada.grant.replica))).toBe(
        "401 unauthenticated",
      );
    });
  });
}
