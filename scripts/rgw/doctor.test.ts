/** `presync doctor` on a real store: what it calls good there is good, and the other way round. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KeyRole } from "../doctor/check.ts";
import { appOrigin, complaintsOf, examineBucket, findingOf } from "../doctor/test-bucket.ts";
import { createBucketClient, putConfiguration } from "../dev-store/conformance/client.ts";
import { corsXml, parseCorsXml } from "../dev-store/cors-xml.ts";
import { missingPrograms, startRgw, type Rgw } from "./start-rgw.ts";

const required = process.env["PRESYNC_REQUIRE_RGW"] === "1";
const missing = required ? [] : missingPrograms();
const startTimeoutMs = 120_000;

describe.skipIf(missing.length > 0)("presync doctor on Ceph RGW", () => {
  let rgw: Rgw;

  beforeAll(async () => {
    rgw = await startRgw({ origins: [appOrigin] });
  }, startTimeoutMs);

  afterAll(() => rgw.close(), startTimeoutMs);

  function environment(
    writer: "writer" | "writingUser" | "admin" = "writer",
  ): Record<string, string> {
    const keys: Readonly<Record<KeyRole, "reader" | "writer" | "writingUser" | "admin">> = {
      read: "reader",
      write: writer,
      admin: "admin",
    };
    const pairs = Object.entries(keys).flatMap(([role, user]) => [
      [`PRESYNC_${role.toUpperCase()}_KEY_ID`, rgw[user].accessKeyId],
      [`PRESYNC_${role.toUpperCase()}_KEY_SECRET`, rgw[user].secretAccessKey],
    ]);
    return { ...Object.fromEntries(pairs), PRESYNC_BUCKET: rgw.bucket };
  }

  it("finds nothing wrong with a bucket that is set up as it should be", async () => {
    const report = await examineBucket(rgw.endpoint, {
      environment: environment(),
      options: { storeName: "ceph" },
    });
    expect(complaintsOf(report)).toEqual([]);
    expect(findingOf(report, "lifecycle")).toMatchObject({ status: "ok" });
    expect(findingOf(report, "versioning")).toMatchObject({ status: "ok" });
  });

  it("finds both attacks where the writer may also read", async () => {
    const report = await examineBucket(rgw.endpoint, { environment: environment("admin") });
    expect(complaintsOf(report)).toEqual(
      expect.arrayContaining([
        "error attack.copy-source",
        "error attack.acl",
        "error write-key.read",
        "error keys.different",
      ]),
    );
  });

  it("finds the copy attack where the writer owns what it writes, although a policy denies reading", async () => {
    const report = await examineBucket(rgw.endpoint, { environment: environment("writingUser") });
    expect(complaintsOf(report)).toEqual(["error attack.copy-source"]);
  });

  it("finds CORS rules that are gone, and sets them", async () => {
    const owner = createBucketClient(rgw, rgw.admin);
    await owner.callWithHeader({ method: "DELETE", query: { cors: "" } });
    const broken = await examineBucket(rgw.endpoint, { environment: environment() });
    expect(complaintsOf(broken)).toEqual(["error cors.origin"]);
    const otherOrigin = "https://other.example";
    const otherRule = { allowedOrigins: [otherOrigin, appOrigin], allowedMethods: ["GET"] };
    await putConfiguration(owner, "cors", corsXml([otherRule]));
    const mended = await examineBucket(rgw.endpoint, {
      environment: environment(),
      options: { fix: true },
    });
    expect(complaintsOf(mended)).toEqual([]);
    const rules = await owner.callWithHeader({ query: { cors: "" } });
    expect(parseCorsXml(rules.text)).toEqual([
      expect.objectContaining({
        allowedOrigins: [appOrigin],
        allowedMethods: expect.arrayContaining(["GET", "PUT"]),
      }),
      expect.objectContaining({ allowedOrigins: [otherOrigin], allowedMethods: ["GET"] }),
    ]);
  });
});
