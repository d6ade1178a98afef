import { describe, expect, it } from "vitest";
import { createMemoryLimits } from "./rate-limits.ts";
import {
  appOrigin,
  createTestKey,
  createTestWorld,
  getGrant,
  post,
  postAs,
  refusalOf,
  signIn,
} from "./test-world.ts";

const routes = [
  "devices/rename",
  "devices/retire",
  "devices/remove",
  "everything/export",
  "everything/delete",
] as const;

const everyField = { replica: "browser-000000000000", name: "x", confirm: "key:x" };

describe("the routes of devices and of everything", () => {
  it.each(routes)("/v1/%s needs a session, before it looks at anything else", async (route) => {
    const { app, bucket } = createTestWorld();
    expect(await refusalOf(post(app, `/v1/${route}`, everyField))).toBe("401 unauthenticated");
    expect(await refusalOf(postAs(app, "x.y.z", `/v1/${route}`, everyField))).toBe(
      "401 unauthenticated",
    );
    expect(bucket.requests).toEqual([]);
  });

  it.each(routes)("/v1/%s is not for foreign pages, nor for links", async (route) => {
    const { app, bucket } = createTestWorld();
    const { session } = await signIn(app, await createTestKey());
    const before = bucket.requests.length;
    const authorization = `Bearer ${session}`;
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example.com" },
      { origin: "null" },
    ];
    for (const headers of foreign) {
      const answer = await post(app, `/v1/${route}`, everyField, { authorization, ...headers });
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect(await refusalOf(answer)).toBe("403 denied");
    }
    const init = {
      method: "POST",
      headers: { authorization, "sec-fetch-site": "cross-site", "content-type": "text/plain" },
      body: JSON.stringify(everyField),
    };
    expect(await refusalOf(Promise.resolve(app.request(`/v1/${route}`, init)))).toBe("403 denied");
    const got = app.request(`/v1/${route}`, { headers: { authorization } });
    expect(await refusalOf(Promise.resolve(got))).toBe("404 invalid-argument");
    expect(bucket.requests).toHaveLength(before);
  });

  it.each(routes)("/v1/%s reads JSON that is declared as such", async (route) => {
    const { app } = createTestWorld();
    const { session } = await signIn(app, await createTestKey());
    const headers = { authorization: `Bearer ${session}`, "content-type": "text/plain" };
    expect(await refusalOf(post(app, `/v1/${route}`, everyField, headers))).toBe("400 malformed");
  });

  it("the list needs a session, and is shown to exact origins alone", async () => {
    const { app } = createTestWorld();
    expect(await refusalOf(Promise.resolve(app.request("/v1/devices")))).toBe(
      "401 unauthenticated",
    );
    const { session } = await signIn(app, await createTestKey());
    const headers = { authorization: `Bearer ${session}` };
    const ours = await app.request("/v1/devices", { headers: { ...headers, origin: appOrigin } });
    expect(ours.headers.get("access-control-allow-origin")).toBe(appOrigin);
    expect(ours.headers.get("cache-control")).toBe("no-store");
    const origin = "https://evil.example.com";
    const theirs = await app.request("/v1/devices", { headers: { ...headers, origin } });
    expect(theirs.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("are limited for each user, and no user uses up another's", async () => {
    const { app } = createTestWorld({ limits: createMemoryLimits() });
    const mine = await signIn(app, await createTestKey());
    const theirs = await signIn(app, await createTestKey());
    const ask = async ({ session }: { session: string }): Promise<number> => {
      const headers = { authorization: `Bearer ${session}` };
      return (await app.request("/v1/devices", { headers })).status;
    };
    const answers: number[] = [];
    for (let n = 0; n < 61; n++) answers.push(await ask(mine));
    expect(answers.filter((status) => status === 429)).toHaveLength(1);
    expect(await ask(theirs)).toBe(200);
    const confirm = { confirm: "key:not-mine" };
    let last = new Response();
    for (let n = 0; n < 121; n++)
      last = await postAs(app, mine.session, "/v1/everything/delete", confirm);
    expect(last.status).toBe(429);
  });

  it("log what was done to whose device, without names, tokens and URLs", async () => {
    const { app, events } = createTestWorld();
    const key = await createTestKey();
    const one = await signIn(app, key);
    const two = await signIn(app, key);
    await getGrant(app, one.session);
    const { replica } = await getGrant(app, two.session);
    await postAs(app, one.session, "/v1/devices/rename", { replica, name: "canary-name" });
    await postAs(app, one.session, "/v1/devices/retire", { replica });
    await postAs(app, one.session, "/v1/devices/remove", { replica });
    await postAs(app, one.session, "/v1/everything/export", {});
    await postAs(app, one.session, "/v1/everything/delete", {
      confirm: one.namespace,
      finish: true,
    });
    const log = JSON.stringify(events);
    for (const event of [
      "replica-retired",
      "session-revoked",
      "replica-removed",
      "everything-exported",
      "everything-deleted",
      '"path":"/v1/devices/retire"',
    ])
      expect(log).toContain(event);
    for (const secret of ["canary-name", one.session, "http:", "X-Amz"])
      expect(log).not.toContain(secret);
  });

  it.each([0, 503])("are refused with retry while the store answers %i", async (failure) => {
    const { app, bucket } = createTestWorld();
    const { session } = await signIn(app, await createTestKey());
    bucket.failure = failure;
    for (const route of routes)
      expect(await refusalOf(postAs(app, session, `/v1/${route}`, everyField))).toBe("503 retry");
  });
});
