import { beforeEach, describe, expect, it } from "vitest";
import type { DeleteEverythingAnswer, ExportAnswer } from "../shared/devices.ts";
import type { SessionAnswer } from "../shared/sign-in.ts";
import type { TestKey, TestWorld } from "./test-world.ts";
import {
  askGrant,
  createTestKey,
  createTestWorld,
  getDevices,
  getGrant,
  postAs,
  putManifest,
  refusalOf,
  signIn,
} from "./test-world.ts";

let world: TestWorld;
let key: TestKey;
let mine: SessionAnswer;

const put = (name: string, text = "x"): void => {
  world.bucket.objects.set(name, { text, modifiedAt: world.clock.ms });
};
const deleteAll = (confirm: unknown = mine.namespace, finish = true): Promise<Response> =>
  postAs(world.app, mine.session, "/v1/everything/delete", { confirm, finish });
const exportAll = async (body: object = {}): Promise<ExportAnswer> => {
  const answer = await postAs(world.app, mine.session, "/v1/everything/export", body);
  expect(answer.status).toBe(200);
  return (await answer.json()) as ExportAnswer;
};
const keysNaming = (namespace: string): string[] =>
  [...world.bucket.objects.keys()].filter((each) => each.includes(namespace));

beforeEach(async () => {
  world = createTestWorld();
  key = await createTestKey();
  mine = await signIn(world.app, key);
});

describe("deleting everything", () => {
  it("deletes all of the user, and nothing of anybody else", async () => {
    const grant = await getGrant(world.app, mine.session);
    await putManifest(world, grant, 1);
    for (let slot = 0; slot < 10; slot++) put(`${mine.namespace}/${grant.replica}/seg/0/${slot}`);
    const { replica } = grant;
    await postAs(world.app, mine.session, "/v1/devices/rename", { replica, name: "mine" });
    const stranger = await signIn(world.app, await createTestKey());
    await putManifest(world, await getGrant(world.app, stranger.session), 1);
    put(`${mine.namespace}x/${replica}/manifest`);
    const others = keysNaming(stranger.namespace);
    expect(others.length).toBeGreaterThan(3);

    const answer = await deleteAll();
    expect((await answer.json()) as DeleteEverythingAnswer).toEqual({ done: true });
    expect(keysNaming(mine.namespace)).toEqual([
      `${mine.namespace}x/${replica}/manifest`,
      `@service/ended/${mine.namespace}`,
    ]);
    expect(keysNaming(stranger.namespace)).toEqual(others);
    expect((await askGrant(world.app, stranger.session, { kind: "browser" })).status).toBe(200);
  });

  it.each([7, "", "yes", true, "key:somebody-else", null])(
    "is refused with the confirmation %j",
    async (confirm) => {
      await putManifest(world, await getGrant(world.app, mine.session), 1);
      const before = world.bucket.objects.size;
      // It says letter by letter whose everything it is.
      const body = confirm === "key:somebody-else" ? `${mine.namespace} ` : confirm;
      expect(await refusalOf(deleteAll(body))).toMatch(/^400 (malformed|invalid-argument)$/);
      expect(world.bucket.objects.size).toBe(before);
    },
  );

  it("ends every sign-in, also one that was never used, at every instance", async () => {
    const unused = await signIn(world.app, key);
    await getGrant(world.app, mine.session);
    await deleteAll();
    const another = world.another();
    for (const { session } of [mine, unused]) {
      expect(await refusalOf(askGrant(another, session, { kind: "browser" }))).toBe(
        "401 unauthenticated",
      );
      expect(await refusalOf(postAs(another, session, "/v1/auth/refresh", {}))).toBe(
        "401 unauthenticated",
      );
    }
  });

  it("ends the others' sign-ins first, and takes away what they write before they notice", async () => {
    const other = await signIn(world.app, key);
    const grant = await getGrant(world.app, other.session);
    await getGrant(world.app, mine.session);
    await putManifest(world, grant, 1);
    expect(await (await deleteAll(mine.namespace, false)).json()).toEqual({ done: true });
    const { replica } = grant;
    expect(await refusalOf(askGrant(world.app, other.session, { kind: "browser", replica }))).toBe(
      "401 unauthenticated",
    );
    // Its URLs are good.
    await putManifest(world, grant, 2);
    expect((await deleteAll()).status).toBe(200);
    expect(keysNaming(mine.namespace)).toEqual([`@service/ended/${mine.namespace}`]);
    expect(await refusalOf(deleteAll())).toBe("401 unauthenticated");
  });

  it("ends no sign-in for a while only, where a clock is behind another one", async () => {
    world.clock.ms += 60_000;
    const before = await signIn(world.app, key);
    await deleteAll();
    mine = await signIn(world.app, key);
    world.clock.ms -= 30_000;
    await deleteAll(mine.namespace, false);
    const calls = [before.session, mine.session].map((session) =>
      askGrant(world.app, session, { kind: "browser" }),
    );
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([401, 200]);
    expect((await deleteAll()).status).toBe(200);
    for (const { session } of [before, mine])
      expect(await refusalOf(askGrant(world.app, session, { kind: "browser" }))).toBe(
        "401 unauthenticated",
      );
  });

  it("lets the user sign in again, in the same second too, as somebody new to the bucket", async () => {
    const before = await getGrant(world.app, mine.session);
    await deleteAll();
    const again = await signIn(world.app, key);
    const grant = await getGrant(world.app, again.session);
    expect(grant.namespace).toBe(before.namespace);
    // Whoever was granted something before may hold URLs for the former ids.
    const ids = before.get.replicas.map(({ replica }) => replica);
    for (const { replica } of grant.get.replicas) expect(ids).not.toContain(replica);
    expect(await getDevices(world.app, again.session)).toHaveLength(1);
    const former = askGrant(world.app, again.session, { kind: "browser", replica: before.replica });
    expect(await refusalOf(former)).toBe("403 denied");
    // And again, a second later.
    world.clock.ms += 1000;
    mine = again;
    expect((await deleteAll()).status).toBe(200);
    expect(await refusalOf(askGrant(world.app, again.session, { kind: "browser" }))).toBe(
      "401 unauthenticated",
    );
  });

  it("keeps nothing again when a device signs out later", async () => {
    await deleteAll();
    expect((await postAs(world.app, mine.session, "/v1/auth/revoke", {})).status).toBe(204);
    expect(keysNaming(mine.namespace)).toEqual([`@service/ended/${mine.namespace}`]);
  });

  it("says that there is more, and goes on, until nothing is left", async () => {
    await getGrant(world.app, mine.session);
    for (let at = 0; at < 1500; at++) put(`${mine.namespace}/browser-00000000/seg/${at % 5}/${at}`);
    const answers: boolean[] = [];
    for (let n = 0; n < 3 && answers.at(-1) !== true; n++)
      answers.push(((await (await deleteAll()).json()) as DeleteEverythingAnswer).done);
    expect(answers).toEqual([false, true]);
    expect(keysNaming(mine.namespace)).toEqual([`@service/ended/${mine.namespace}`]);
  });

  it("does not end the sign-in where the store fails, so that it can be asked again", async () => {
    await putManifest(world, await getGrant(world.app, mine.session), 1);
    world.bucket.failure = 503;
    expect(await refusalOf(deleteAll())).toBe("503 retry");
    world.bucket.failure = undefined;
    expect((await deleteAll()).status).toBe(200);
    expect(keysNaming(mine.namespace)).toHaveLength(1);
  });

  it("leaves nothing behind, whichever request fails, where it is asked until its sign-in is over", async () => {
    const works = world.bucket.fetch;
    const isFinished = async (failing: number): Promise<boolean> => {
      mine = await signIn(world.app, key);
      await putManifest(world, await getGrant(world.app, mine.session), 1);
      await getGrant(world.app, (await signIn(world.app, key)).session);
      let count = 0;
      const broken: typeof fetch = (input, init) =>
        init?.method !== "GET" && ++count >= failing
          ? Promise.reject(new TypeError("no"))
          : works(input, init);
      const app = world.another({ fetch: broken });
      const body = { confirm: mine.namespace, finish: true };
      const { status } = await postAs(app, mine.session, "/v1/everything/delete", body);
      expect(status).toBe(count >= failing ? 503 : 200);
      expect((await deleteAll()).status).toBe(status === 200 ? 401 : 200);
      expect(keysNaming(mine.namespace)).toEqual([`@service/ended/${mine.namespace}`]);
      world.clock.ms += 1000;
      return status === 200;
    };
    let failing = 1;
    while (!(await isFinished(failing))) failing++;
    expect(failing).toBeGreaterThan(8);
  });

  it("deletes a page of whatever is kept at a time, while its sign-in is good", async () => {
    await getGrant(world.app, mine.session);
    for (const kind of ["devices", "replicas", "sessions"])
      for (let at = 0; at < 350; at++) put(`@service/${kind}/${mine.namespace}/x/${at}`);
    const size = world.bucket.objects.size;
    expect(await (await deleteAll()).json()).toEqual({ done: false });
    // But that what says when the others ended has come.
    expect(world.bucket.objects.size).toBe(size - 1000 + 1);
    expect(await (await deleteAll()).json()).toEqual({ done: true });
    expect(keysNaming(mine.namespace)).toEqual([`@service/ended/${mine.namespace}`]);
  });

  it("lets nobody in whose record of it is damaged", async () => {
    put(`@service/ended/${mine.namespace}`, "{}");
    const answer = askGrant(world.app, mine.session, { kind: "browser" });
    expect(await refusalOf(answer)).toBe("500 internal");
  });
});

describe("exporting everything", () => {
  it("lists the objects with URLs that only read, for a quarter of an hour", async () => {
    const grant = await getGrant(world.app, mine.session);
    await putManifest(world, grant, 1);
    const { replica } = grant;
    put(`${mine.namespace}/${replica}/seg/0/3`, "12345");
    const exported = await exportAll();
    expect(exported).toMatchObject({ namespace: mine.namespace, exportedAt: world.clock.ms });
    expect(exported.more).toBe(false);
    expect(exported.devices.map((device) => device.replica)).toEqual([replica]);
    expect(exported.objects.map(({ name }) => name)).toEqual([
      `${replica}/manifest`,
      `${replica}/seg/0/3`,
    ]);
    expect(exported.objects[1]?.bytes).toBe(5);
    for (const { name, url } of exported.objects) {
      const { pathname, searchParams } = new URL(url);
      expect(decodeURIComponent(pathname)).toBe(`/test-bucket/${mine.namespace}/${name}`);
      expect(searchParams.get("X-Amz-Credential")).toMatch(/^READ\//);
      expect(searchParams.get("X-Amz-Expires")).toBe("900");
    }
  });

  it("signs nothing of another user, and no other name", async () => {
    const { replica } = await getGrant(world.app, mine.session);
    put(`${mine.namespace}x/${replica}/manifest`);
    for (const name of ["../manifest", "notes.txt", `${replica}/seg/0/..`, `${replica}/seg/0/0/x`])
      put(`${mine.namespace}/${name}`);
    put(`${mine.namespace}/${replica}/signal`);
    const { objects } = await exportAll();
    expect(objects.map(({ name }) => name)).toEqual([`${replica}/signal`]);
  });

  it("goes on after where it has ended", async () => {
    await getGrant(world.app, mine.session);
    const names = Array.from(
      { length: 1200 },
      (_, at) => `browser-${at.toString(16).padStart(8, "0")}/manifest`,
    );
    for (const name of names) put(`${mine.namespace}/${name}`);
    const first = await exportAll();
    expect([first.objects.length, first.more]).toEqual([1000, true]);
    const second = await exportAll({ after: first.objects.at(-1)?.name });
    expect([second.objects.length, second.more]).toEqual([200, false]);
    expect([...first.objects, ...second.objects].map(({ name }) => name)).toEqual(names);
  });
});
