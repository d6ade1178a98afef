import { describe, expect, it } from "vitest";
import { createService } from "./create-service.ts";
import {
  appOrigin,
  askGrant,
  createTestKey,
  createTestWorld,
  post,
  refusalOf,
  signIn,
  testConfig,
} from "./test-world.ts";

const challengePath = "/v1/auth/key/challenge";
const question = JSON.stringify({ publicKey: "A".repeat(43) });

function postRaw(body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const init = { method: "POST", body, headers: { origin: appOrigin, ...headers } };
  return Promise.resolve(createTestWorld().app.request(challengePath, init));
}

describe("the service", () => {
  it("says that it is alive, without asking the store", async () => {
    const { app, bucket } = createTestWorld();
    bucket.failure = 0;
    expect((await app.request("/healthz")).status).toBe(200);
  });

  it("refuses in one form, also what is not there", async () => {
    const { app } = createTestWorld();
    expect(await refusalOf(post(app, "/v1/nothing", {}))).toBe("404 invalid-argument");
    expect(await refusalOf(Promise.resolve(app.request("/v1/grants")))).toBe(
      "404 invalid-argument",
    );
  });

  it("is never cached, sniffed, framed, or named as a referrer", async () => {
    const { app } = createTestWorld();
    const answers = [
      await post(app, challengePath, JSON.parse(question)),
      await post(app, "/v1/grants", {}),
      await post(app, "/v1/grants", {}, { origin: "https://evil.example.com" }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 401, 403]);
    for (const answer of answers)
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      });
  });

  it("reads JSON objects that are declared as such", async () => {
    const json = { "content-type": "application/json; charset=utf-8" };
    expect((await postRaw(question, json)).status).toBe(200);
    const refusals = await Promise.all(
      [
        postRaw(question, { "content-type": "text/plain" }),
        postRaw(question, { "content-type": "application/x-www-form-urlencoded" }),
        postRaw("", json),
        postRaw("{", json),
        postRaw("null", json),
        postRaw("[]", json),
      ].map(refusalOf),
    );
    expect(new Set(refusals)).toEqual(new Set(["400 malformed"]));
  });

  it.each([0, 500, 503, 403, 404])("says retry while the store answers %i", async (failure) => {
    const { app, bucket } = createTestWorld();
    const { session } = await signIn(app, await createTestKey());
    bucket.failure = failure;
    const answer = await askGrant(app, session, { kind: "browser" });
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await refusalOf(answer)).toBe("503 retry");
    bucket.failure = undefined;
    expect((await askGrant(app, session, { kind: "browser" })).status).toBe(200);
  });

  it("logs what happened, and no secret, token, signature or URL", async () => {
    const { app, bucket, events } = createTestWorld();
    const key = await createTestKey();
    const { session, namespace } = await signIn(app, key);
    const granted = await askGrant(app, session, { kind: "browser" });
    const { put } = (await granted.json()) as { put: { replicas: { signatures: string }[] } };
    bucket.failure = 0;
    await askGrant(app, session, { kind: "browser" });
    await post(app, `/v1/grants?token=${session}`, {});
    const log = JSON.stringify(events);
    expect(log).toContain("replica-registered");
    expect(log).toContain(namespace);
    expect(log).toContain("store-unreachable");
    const secrets = [
      session,
      put.replicas[0]?.signatures ?? "",
      key.publicKey,
      "read-secret",
      "write-secret",
      "admin-secret",
      ...testConfig.sessionSecrets,
      "http:",
    ];
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  });

  it("survives a log that throws", async () => {
    const { another } = createTestWorld();
    const app = another({
      log: () => {
        throw new Error("the disk is full");
      },
    });
    expect((await app.request("/healthz")).status).toBe(200);
  });

  it("keeps the words of unexpected errors to itself", async () => {
    const { another, bucket, events } = createTestWorld();
    bucket.objects.set("@service/replica-pool.json", { text: "{}", modifiedAt: 0 });
    const app = another();
    const { session } = await signIn(app, await createTestKey());
    const answer = await askGrant(app, session, { kind: "browser" });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("pool");
    expect(events.filter((event) => event.event === "internal-error")).toHaveLength(1);
  });

  it("names every mistake in its config", () => {
    const store = { ...testConfig.store, bucket: "Not A Bucket", endpoint: "https://s3/bucket" };
    expect(() =>
      createService({
        ...testConfig,
        publicUrl: "sync.example.com",
        origins: ["https://app.example.com/"],
        sessionSecrets: ["short"],
        store,
      }),
    ).toThrow(/publicUrl .*origins .*store\.endpoint .*store\.bucket .*sessionSecrets /);
  });
});
