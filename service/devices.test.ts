import { beforeEach, describe, expect, it } from "vitest";
import type { Grant } from "../shared/grants.ts";
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

const dayMs = 86_400_000;

let world: TestWorld;
let key: TestKey;
/** Two devices of one user. */
let laptop: { readonly session: string; readonly grant: Grant };
let phone: typeof laptop;

const enrol = async (): Promise<typeof laptop> => {
  const { session } = await signIn(world.app, key);
  return { session, grant: await getGrant(world.app, session) };
};
const call = (device: typeof laptop, name: string, body: object): Promise<Response> =>
  postAs(world.app, device.session, `/v1/devices/${name}`, body);
const retire = (by: typeof laptop, { grant }: typeof laptop): Promise<Response> =>
  call(by, "retire", { replica: grant.replica });
const remove = (by: typeof laptop, { grant }: typeof laptop, more = {}): Promise<Response> =>
  call(by, "remove", { replica: grant.replica, ...more });
const renew = (device: typeof laptop): Promise<Response> =>
  askGrant(world.app, device.session, { kind: "browser", replica: device.grant.replica });
const keysOf = ({ grant }: typeof laptop): string[] =>
  [...world.bucket.objects.keys()].filter((found) =>
    found.startsWith(`${grant.namespace}/${grant.replica}/`),
  );

beforeEach(async () => {
  world = createTestWorld();
  key = await createTestKey();
  laptop = await enrol();
  world.clock.ms += 1000;
  phone = await enrol();
});

describe("one's devices", () => {
  it("are listed with what they have in the bucket, the last one to sign in first", async () => {
    const signedInAt = world.clock.ms;
    world.clock.ms += 5000;
    const manifest = await putManifest(world, phone.grant, 1);
    const slot = manifest.replace("manifest", "seg/0/0");
    world.bucket.objects.set(slot, { text: "123", modifiedAt: world.clock.ms - 1000 });
    const size = world.bucket.objects.get(manifest)?.bytes?.length ?? 0;
    expect(await getDevices(world.app, laptop.session)).toEqual([
      {
        replica: phone.grant.replica,
        name: null,
        state: "active",
        signedInAt,
        lastWrittenAt: world.clock.ms,
        bytes: size + 3,
        objects: 2,
        mayWriteUntil: signedInAt + 8 * dayMs,
      },
      {
        replica: laptop.grant.replica,
        name: null,
        state: "active",
        signedInAt: signedInAt - 1000,
        lastWrittenAt: null,
        bytes: 0,
        objects: 0,
        mayWriteUntil: signedInAt - 1000 + 8 * dayMs,
      },
    ]);
  });

  it("are never another user's, also where one's namespace begins with the other's", async () => {
    const stranger = await signIn(world.app, await createTestKey());
    expect(await getDevices(world.app, stranger.session)).toEqual([]);
    const longer = `${laptop.grant.namespace}x/${phone.grant.replica}/manifest`;
    world.bucket.objects.set(longer, { text: "of another", modifiedAt: world.clock.ms });
    const all = await getDevices(world.app, laptop.session);
    expect(all.map(({ objects }) => objects)).toEqual([0, 0]);
  });

  it("have the names that their user gives them", async () => {
    const { replica } = phone.grant;
    const rename = (name: string): Promise<Response> => call(laptop, "rename", { replica, name });
    const nameOf = async (): Promise<string | null | undefined> =>
      (await getDevices(world.app, laptop.session)).find((each) => each.replica === replica)?.name;
    expect((await rename("  Adas Taschentelefon 📱 ")).status).toBe(204);
    expect(await nameOf()).toBe("Adas Taschentelefon 📱");
    expect((await rename("Telefon")).status).toBe(204);
    expect(await nameOf()).toBe("Telefon");
    for (const wrong of ["x".repeat(65), "a\nb", "a\u202eb", "a\u0000"])
      expect(await refusalOf(rename(wrong))).toBe("400 invalid-argument");
    expect(await nameOf()).toBe("Telefon");
    expect((await rename("")).status).toBe(204);
    expect(await nameOf()).toBeNull();
  });
});

describe("a device that is retired", () => {
  it("loses its sign-in, and no other one does", async () => {
    expect((await retire(laptop, phone)).status).toBe(204);
    expect(await refusalOf(renew(phone))).toBe("401 unauthenticated");
    expect((await renew(laptop)).status).toBe(200);
    const states = (await getDevices(world.app, laptop.session)).map(({ state }) => state);
    expect(states).toEqual(["retired", "active"]);
    // Once more is no error, and changes nothing.
    expect((await retire(laptop, phone)).status).toBe(204);
  });

  it("is listed in grants as retired, for reading, so that it is taken over", async () => {
    await retire(laptop, phone);
    const { get, put } = await getGrant(world.app, laptop.session, {
      kind: "browser",
      replica: laptop.grant.replica,
    });
    const listed = get.replicas.find(({ replica }) => replica === phone.grant.replica);
    expect(listed?.state).toBe("retired");
    expect(put?.replicas.map(({ replica }) => replica)).toEqual([laptop.grant.replica]);
  });

  it("is never granted again, and who signs in there gets another id", async () => {
    await retire(laptop, phone);
    const again = await signIn(world.app, key);
    const { replica } = phone.grant;
    const asked = askGrant(world.app, again.session, { kind: "browser", replica });
    expect(await refusalOf(asked)).toBe("403 retired");
    const fresh = await getGrant(world.app, again.session);
    expect([laptop.grant.replica, replica]).not.toContain(fresh.replica);
    expect(fresh.get.replicas.find((each) => each.replica === replica)?.state).toBe("retired");
  });

  it("loses every sign-in there was on it, also one that was granted nothing else", async () => {
    const later = await signIn(world.app, key);
    const { replica } = phone.grant;
    await getGrant(world.app, later.session, { kind: "browser", replica });
    await retire(laptop, phone);
    for (const session of [phone.session, later.session])
      expect(await refusalOf(askGrant(world.app, session, { kind: "browser" }))).toBe(
        "401 unauthenticated",
      );
  });

  it("loses its sign-in also where that was granted another id in between", async () => {
    world.clock.ms += 1000;
    const { replica } = await getGrant(world.app, phone.session);
    expect(replica).not.toBe(phone.grant.replica);
    expect((await retire(laptop, phone)).status).toBe(204);
    const calls = [
      askGrant(world.app, phone.session, { kind: "browser", replica }),
      postAs(world.app, phone.session, "/v1/auth/refresh", {}),
      postAs(world.app, phone.session, "/v1/everything/export", {}),
    ];
    for (const each of calls) expect(await refusalOf(each)).toBe("401 unauthenticated");
  });

  it("leaves the asker's own sign-in alone where that has gone on under another id", async () => {
    world.clock.ms += 1000;
    const moved = { ...laptop, grant: await getGrant(world.app, laptop.session) };
    expect((await retire(moved, laptop)).status).toBe(204);
    expect((await renew(moved)).status).toBe(200);
    expect(await refusalOf(retire(moved, moved))).toBe("400 invalid-argument");
  });

  it("is none before its sign-in has ended, and loses what is left when it is retired again", async () => {
    const puts = world.bucket.fetch;
    // The first or the second time that the sign-in is ended, before or after the device is marked.
    for (const failing of [1, 2]) {
      const tablet = await enrol();
      let count = 0;
      const broken: typeof fetch = (input, init) =>
        new Request(input).url.endsWith("/revoked") && ++count === failing
          ? Promise.reject(new TypeError("no"))
          : puts(input, init);
      const { replica } = tablet.grant;
      const app = world.another({ fetch: broken });
      const asked = postAs(app, laptop.session, "/v1/devices/retire", { replica });
      expect(await refusalOf(asked)).toBe("503 retry");
      const shown = await getDevices(world.app, laptop.session);
      const isRetired = shown.find((each) => each.replica === replica)?.state === "retired";
      expect(isRetired).toBe(failing === 2);
      if (!isRetired) await getGrant(world.app, tablet.session);
      expect((await retire(laptop, tablet)).status).toBe(204);
      const fresh = askGrant(world.app, tablet.session, { kind: "browser" });
      expect(await refusalOf(fresh)).toBe("401 unauthenticated");
    }
  });

  it("is not the one that asks", async () => {
    expect(await refusalOf(retire(laptop, laptop))).toBe("400 invalid-argument");
    expect((await renew(laptop)).status).toBe(200);
  });

  it("is told apart by every instance", async () => {
    const another = world.another();
    await postAs(another, laptop.session, "/v1/devices/retire", { replica: phone.grant.replica });
    expect(await refusalOf(renew(phone))).toBe("401 unauthenticated");
  });

  it("is one that was granted nothing for 30 days after its last grant expired", async () => {
    const keepAlive = async (days: number): Promise<void> => {
      for (let day = 0; day < days; day++) {
        world.clock.ms += dayMs;
        await renew(laptop);
      }
    };
    const stateOf = async (): Promise<string | undefined> =>
      (await getDevices(world.app, laptop.session)).find(
        ({ replica }) => replica === phone.grant.replica,
      )?.state;
    await keepAlive(38);
    expect(await stateOf()).toBe("active");
    world.clock.ms += 1000;
    expect(await stateOf()).toBe("retired");
    expect(await refusalOf(renew(phone))).toBe("403 retired");
    // Its sign-in is as good as before: only the id is not.
    const fresh = await getGrant(world.app, phone.session);
    expect(fresh.replica).not.toBe(phone.grant.replica);
  });
});

describe("removing a device", () => {
  it("is refused while it is not retired", async () => {
    await putManifest(world, phone.grant, 1);
    expect(await refusalOf(remove(laptop, phone, { discardUnsaved: true }))).toBe(
      "400 invalid-argument",
    );
    expect(keysOf(phone)).toHaveLength(1);
  });

  it("is refused until a living device says that it has taken over the present state", async () => {
    await retire(laptop, phone);
    await putManifest(world, phone.grant, 5);
    const { replica } = phone.grant;
    const refused = async (): Promise<void> => {
      const answer = await remove(laptop, phone);
      expect(answer.status).toBe(409);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      expect(error.code).toBe("unsaved");
      expect(error.message).toMatch(/1 objects, \d+ bytes/);
      expect(keysOf(phone)).toHaveLength(1);
    };
    await refused();
    await putManifest(world, laptop.grant, 1);
    await refused();
    // An earlier state of it.
    await putManifest(world, laptop.grant, 2, [{ replica, generation: 4 }]);
    await refused();
    // One that is not there: what is may be another line of it, which nobody has read.
    await putManifest(world, laptop.grant, 3, [{ replica, generation: 6 }]);
    await refused();
    await putManifest(world, laptop.grant, 4, [{ replica, generation: 5 }]);
    expect((await remove(laptop, phone)).status).toBe(200);
    expect(keysOf(phone)).toEqual([]);
    expect(keysOf(laptop)).toHaveLength(1);
  });

  it("takes no word of another user, of a retired device, or of what is damaged", async () => {
    const tablet = await enrol();
    await putManifest(world, phone.grant, 1);
    const adopted = [{ replica: phone.grant.replica, generation: 1 }];
    const stranger = await signIn(world.app, await createTestKey());
    await putManifest(world, await getGrant(world.app, stranger.session), 1, adopted);
    await putManifest(world, tablet.grant, 1, adopted);
    const damaged = await putManifest(world, laptop.grant, 1, adopted);
    const { bytes } = world.bucket.objects.get(damaged)!;
    bytes![bytes!.length - 1]! ^= 1;
    await retire(laptop, tablet);
    await retire(laptop, phone);
    expect(await refusalOf(remove(laptop, phone))).toBe("409 unsaved");
  });

  it("deletes all the same where that is said, and tells how much", async () => {
    await retire(laptop, phone);
    const manifest = await putManifest(world, phone.grant, 1);
    const slot = manifest.replace("manifest", "seg/0/0");
    world.bucket.objects.set(slot, { text: "12345", modifiedAt: world.clock.ms });
    const size = world.bucket.objects.get(manifest)!.bytes!.length;
    for (const discardUnsaved of ["yes", 1, null])
      expect(await refusalOf(remove(laptop, phone, { discardUnsaved }))).toBe("400 malformed");
    const answer = await remove(laptop, phone, { discardUnsaved: true });
    expect(await answer.json()).toEqual({ objects: 2, bytes: size + 5 });
    expect(keysOf(phone)).toEqual([]);
  });

  it("keeps the id taken, and lists it, so that others notice what is gone", async () => {
    await retire(laptop, phone);
    await remove(laptop, phone);
    const shown = await getDevices(world.app, laptop.session);
    expect(shown.map(({ replica }) => replica)).toEqual([laptop.grant.replica]);
    const { replica } = phone.grant;
    const fresh = await enrol();
    expect(fresh.grant.replica).not.toBe(replica);
    expect(fresh.grant.get.replicas.find((each) => each.replica === replica)?.state).toBe(
      "retired",
    );
  });

  it("may go on where it has ended half-way", async () => {
    await retire(laptop, phone);
    const manifest = await putManifest(world, phone.grant, 1);
    const slot = manifest.replace("manifest", "seg/0/0");
    world.bucket.objects.set(slot, { text: "12345", modifiedAt: world.clock.ms });
    const deletes = world.bucket.fetch;
    const broken: typeof fetch = (input, init) =>
      init?.method === "DELETE" && new Request(input).url.endsWith("seg/0/0")
        ? Promise.reject(new TypeError("no"))
        : deletes(input, init);
    const app = world.another({ fetch: broken });
    const body = { replica: phone.grant.replica, discardUnsaved: true };
    expect(await refusalOf(postAs(app, laptop.session, "/v1/devices/remove", body))).toBe(
      "503 retry",
    );
    expect(keysOf(phone)).toEqual([slot]);
    expect((await remove(laptop, phone)).status).toBe(200);
    expect(keysOf(phone)).toEqual([]);
  });

  it("shows it again where it has written something since, and removes that, too", async () => {
    await retire(laptop, phone);
    await remove(laptop, phone);
    await putManifest(world, phone.grant, 9);
    const { replica } = phone.grant;
    const shown = await getDevices(world.app, laptop.session);
    expect(shown.find((each) => each.replica === replica)?.state).toBe("retired");
    expect(await refusalOf(remove(laptop, phone))).toBe("409 unsaved");
    await putManifest(world, laptop.grant, 1, [{ replica, generation: 9 }]);
    expect((await remove(laptop, phone)).status).toBe(200);
    expect(keysOf(phone)).toEqual([]);
  });
});

describe("what a device may ask", () => {
  const names = ["rename", "retire", "remove"] as const;
  const more = { name: "mine", discardUnsaved: true };

  it.each(names)(
    "%s is refused for a device of another user, which is not touched",
    async (name) => {
      const stranger: SessionAnswer = await signIn(world.app, await createTestKey());
      const theirs = await getGrant(world.app, stranger.session);
      await putManifest(world, theirs, 1);
      const before = [...world.bucket.objects.keys()].filter((each) =>
        each.includes(theirs.namespace),
      );
      const { replica } = theirs;
      expect(await refusalOf(call(laptop, name, { replica, ...more }))).toBe("403 denied");
      const after = [...world.bucket.objects.keys()].filter((each) =>
        each.includes(theirs.namespace),
      );
      expect(after).toEqual(before);
      const renewed = askGrant(world.app, stranger.session, { kind: "browser", replica });
      expect((await renewed).status).toBe(200);
    },
  );

  it.each(names)("%s takes no id that is none", async (name) => {
    const { replica } = phone.grant;
    const ids = [
      "",
      "..",
      ".",
      "*",
      `${replica}/`,
      `${replica}/..`,
      `../${phone.grant.namespace}/${replica}`,
      `${replica}%2f..`,
      `${replica}\n`,
      replica.toUpperCase(),
      "browser-000000000000",
    ];
    const deletes = (): string[] =>
      world.bucket.requests.filter((request) => !request.startsWith("GET"));
    const before = deletes().length;
    for (const wrong of ids)
      expect(await refusalOf(call(laptop, name, { replica: wrong, ...more }))).toBe("403 denied");
    for (const wrong of [undefined, null, 7, [replica], { replica }])
      expect(await refusalOf(call(laptop, name, { replica: wrong, ...more }))).toBe(
        "400 malformed",
      );
    // But that the session was used.
    expect(
      deletes()
        .slice(before)
        .filter((request) => !request.includes("/sessions/")),
    ).toEqual([]);
  });
});
