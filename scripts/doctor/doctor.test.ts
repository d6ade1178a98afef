/** Good buckets, and each way of being bad that the doctor knows, one at a time. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { HttpAnswer } from "../dev-store/conformance/client.ts";
import { reportText } from "./report.ts";
import {
  appOrigin,
  complaintsOf,
  environmentOf,
  examineBucket,
  findingOf,
  goodCorsRule,
  goodCredentials,
  sendAsOwner,
  startBucket,
} from "./test-bucket.ts";

const { read, write, admin } = goodCredentials;
const credentialsWith = (role: keyof typeof goodCredentials, rights: object) =>
  Object.entries(goodCredentials).map(([name, key]) =>
    name === role ? { ...key, rights: { ...key.rights, ...rights } } : key,
  );

const minuteMs = 60_000;

function answer(status: number, text: string, from?: HttpAnswer): HttpAnswer {
  const headers = from?.headers ?? { date: new Date().toUTCString() };
  return { status, headers, body: Buffer.from(text), text };
}

function isSigned(url: string): boolean {
  return new URL(url).searchParams.has("X-Amz-Signature");
}

function headerOf(toSend: { headers?: unknown }, name: string): string | undefined {
  return (toSend.headers as Record<string, string> | undefined)?.[name];
}

describe("a good bucket", () => {
  it("gives no cause for complaint, however often it is asked", async () => {
    const endpoint = await startBucket();
    for (const round of [1, 2]) {
      const report = await examineBucket(endpoint);
      expect({ [round]: complaintsOf(report) }).toEqual({ [round]: [] });
      expect(report.paste).toEqual([]);
    }
  });

  it("is asked what the documentation says", async () => {
    const text = await readFile(new URL("../../docs/doctor.md", import.meta.url), "utf8");
    const { findings } = await examineBucket(await startBucket());
    for (const { check } of findings) expect(text).toContain(`\`${check}\``);
  });

  it("keeps at most three small objects, of fixed names", async () => {
    const written = new Set<string>();
    const endpoint = await startBucket({
      onRequest: ({ method, key, status }) => {
        if (method === "PUT" && status === 200) written.add(key);
      },
    });
    await examineBucket(endpoint);
    await examineBucket(endpoint);
    const names = [
      "@service/doctor/probe",
      "doctor:probe/browser-0000000000d1/manifest",
      "doctor:probe/browser-0000000000d2/manifest",
    ];
    expect([...written].toSorted()).toEqual(names);
  });

  it("is left as it was", async () => {
    const objects = new Set<string>();
    const endpoint = await startBucket({
      onRequest: ({ method, key, status }) => {
        if (method === "PUT" && status === 200) objects.add(key);
        if (method === "DELETE" && status === 204) objects.delete(key);
      },
    });
    expect(complaintsOf(await examineBucket(endpoint))).toEqual([]);
    expect([...objects]).toEqual([]);
  });

  it("may allow one write of a key at a time, which is a fact and no fault", async () => {
    const report = await examineBucket(await startBucket({ writeIntervalMs: 300 }));
    expect(complaintsOf(report)).toEqual([]);
    expect(findingOf(report, "write-interval")).toMatchObject({ status: "note" });
  });

  it("may have lifecycle rules that spare what presync writes, and keep no versions", async () => {
    const rules = [
      "<Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule>",
      "<Rule><ID>b</ID><Status>Disabled</Status><Prefix></Prefix><Expiration><Days>1</Days></Expiration></Rule>",
      "<Rule><ID>c</ID><Status>Enabled</Status><Prefix></Prefix><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>",
      "<Rule><ID>d</ID><Status>Enabled</Status><Prefix/><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>",
    ];
    const report = await examineBucket(await startBucket(), {
      tamper: async (url, toSend, pass) => {
        const { search } = new URL(url);
        if (search.startsWith("?lifecycle"))
          return answer(200, `<LifecycleConfiguration>${rules.join("")}</LifecycleConfiguration>`);
        if (search.startsWith("?versioning")) return answer(200, "<VersioningConfiguration/>");
        return pass(url, toSend);
      },
    });
    expect(findingOf(report, "lifecycle")).toMatchObject({ status: "ok" });
    expect(findingOf(report, "versioning")).toMatchObject({ status: "ok" });
  });
});

describe("a store", () => {
  it("that does not answer is found, and nothing else is tried", async () => {
    const report = await examineBucket("http://127.0.0.1:9");
    expect(complaintsOf(report)).toEqual(["error endpoint"]);
    expect(findingOf(report, "endpoint")?.says).toContain("ECONNREFUSED");
    const text = reportText(report);
    expect(text).toMatch(/skipped +\d\d checks: not possible because of the above/);
    expect(text).not.toContain("cors.origin");
    expect(findingOf(report, "cors.origin")).toMatchObject({ status: "skipped" });
  });

  it("that is down behind its proxy is found, and not asked forty times", async () => {
    let requests = 0;
    const report = await examineBucket(await startBucket(), {
      tamper: async () => {
        requests += 1;
        return answer(503, "");
      },
    });
    expect(complaintsOf(report)).toEqual(["error endpoint"]);
    expect(requests).toBeLessThan(10);
  });

  it("that fails is not taken for one that refuses", async () => {
    const report = await examineBucket(await startBucket(), {
      tamper: async (url, toSend, pass) =>
        headerOf(toSend, "x-amz-copy-source") === undefined
          ? pass(url, toSend)
          : answer(500, "<Error><Code>InternalError</Code></Error>"),
    });
    expect(complaintsOf(report)).toEqual(["error attack.copy-source"]);
    expect(findingOf(report, "attack.copy-source")?.says).toContain("again and again");
  });

  it("that breaks off in the middle is found where it did", async () => {
    const report = await examineBucket(await startBucket(), {
      tamper: (url, toSend, pass) =>
        toSend.method === "OPTIONS" ? Promise.reject(new Error("broken")) : pass(url, toSend),
    });
    expect(complaintsOf(report)).toEqual(["error cors.origin", "error cors.foreign"]);
  });

  it("without https cannot serve an https page", async () => {
    const endpoint = await startBucket();
    const report = await examineBucket(endpoint, {
      environment: { PRESYNC_ENDPOINT: "http://store.example" },
      tamper: (_url, _toSend, pass) => pass(endpoint),
    });
    expect(complaintsOf(report)).toEqual(["error endpoint"]);
  });

  it.each([
    [20, ["error clock"]],
    [-20, ["error clock"]],
    [3, ["warning clock"]],
  ])("whose clock is %d minutes off is found", async (minutes, complaints) => {
    const now = () => Date.now() + minutes * minuteMs;
    const report = await examineBucket(await startBucket({ now }));
    expect(complaintsOf(report)).toEqual(complaints);
    expect(findingOf(report, "clock")?.says).toContain(`${Math.abs(minutes)} min`);
  });

  it("that does not have the bucket is found", async () => {
    const report = await examineBucket(await startBucket({ buckets: ["another"] }));
    expect(complaintsOf(report)).toEqual(["error bucket"]);
  });

  it("of another region is found", async () => {
    const endpoint = await startBucket({ region: "mars-north-9" });
    expect(complaintsOf(await examineBucket(endpoint))).toEqual(["error bucket"]);
    const told = await examineBucket(endpoint, {
      tamper: async (url, toSend, pass) => {
        const given = await pass(url, toSend);
        return given.status === 400
          ? answer(400, given.text.replace("<Message>", "<Region>mars-north-9</Region><Message>"))
          : given;
      },
    });
    expect(findingOf(told, "bucket")?.mend).toContain("PRESYNC_REGION=mars-north-9");
    const moved = await examineBucket(endpoint, {
      tamper: async () => answer(301, "<Error><Code>PermanentRedirect</Code></Error>"),
    });
    expect(complaintsOf(moved)).toEqual(["error bucket"]);
  });

  it("that overwrites where it should only create is found", async () => {
    const endpoint = await startBucket();
    const report = await examineBucket(endpoint, {
      tamper: (url, toSend, pass) => {
        if (toSend.method !== "PUT" || headerOf(toSend, "if-none-match") === undefined)
          return pass(url, toSend);
        return sendAsOwner(endpoint, url, { ...toSend, headers: {} }, pass);
      },
      options: { storeName: "gcs" },
    });
    expect(complaintsOf(report)).toEqual(["error create-if-absent"]);
    expect(findingOf(report, "create-if-absent")?.mend).toContain("Google Cloud Storage is known");
  });

  it("that does not know conditional writes is found", async () => {
    const report = await examineBucket(await startBucket(), {
      tamper: async (url, toSend, pass) =>
        toSend.method === "PUT" && headerOf(toSend, "if-none-match") !== undefined
          ? answer(501, "<Error><Code>NotImplemented</Code></Error>")
          : pass(url, toSend),
    });
    expect(complaintsOf(report)).toEqual(["error create-if-absent"]);
  });

  it("whose ETag says nothing is found", async () => {
    const endpoint = await startBucket();
    const fixed = await examineBucket(endpoint, {
      tamper: async (url, toSend, pass) => {
        const given = await pass(url, toSend);
        return { ...given, headers: { ...given.headers, etag: `"same"` } };
      },
    });
    expect(complaintsOf(fixed)).toEqual(["error etag"]);
    const absent = await examineBucket(endpoint, {
      tamper: async (url, toSend, pass) => {
        const given = await pass(url, toSend);
        const { etag: _, ...headers } = given.headers;
        return { ...given, headers };
      },
    });
    expect(complaintsOf(absent)).toEqual(["error etag"]);
  });

  it("that sends all of an object again is found", async () => {
    const report = await examineBucket(await startBucket(), {
      tamper: (url, toSend, pass) =>
        pass(url, toSend.method === "PUT" ? toSend : withoutCondition(toSend)),
    });
    expect(complaintsOf(report)).toEqual(["warning conditional-get"]);
  });

  it("that allows a shorter life than the grants have is found", async () => {
    const report = await examineBucket(await startBucket(), {
      tamper: async (url, toSend, pass) =>
        Number(new URL(url).searchParams.get("X-Amz-Expires")) > 86_400
          ? answer(400, "<Error><Code>AuthorizationQueryParametersError</Code></Error>")
          : pass(url, toSend),
    });
    expect(complaintsOf(report)).toEqual(["error grant-seconds"]);
    expect(findingOf(report, "grant-seconds")?.mend).toContain("PRESYNC_GRANT_SECONDS");
  });

  it("that checks no signature is found in every way", async () => {
    const endpoint = await startBucket({
      credentials: credentialsWith("admin", { delete: true }),
    });
    const report = await examineBucket(endpoint, {
      tamper: (url, toSend, pass) =>
        toSend.method === "OPTIONS" ? pass(url, toSend) : sendAsOwner(endpoint, url, toSend, pass),
    });
    expect(complaintsOf(report)).toEqual(
      expect.arrayContaining([
        "error anonymous.read",
        "error anonymous.list",
        "error anonymous.write",
        "warning write-key.read",
        "error grant.key",
        "error grant.method",
        "error grant.content-type",
        "error grant.lifetime",
        "error grant.list",
      ]),
    );
    // What the attacks destroyed was put back for the rest.
    expect(findingOf(report, "cors.origin")).toMatchObject({ status: "ok" });
  });
});

describe("a key", () => {
  it.each([
    ["PRESYNC_WRITE_KEY_SECRET", "write-key"],
    ["PRESYNC_READ_KEY_SECRET", "read-key"],
    ["PRESYNC_ADMIN_KEY_SECRET", "admin-key"],
    ["PRESYNC_WRITE_KEY_ID", "write-key"],
  ])("with a wrong %s is named", async (variable, check) => {
    const report = await examineBucket(await startBucket(), { environment: { [variable]: "x" } });
    expect(complaintsOf(report)).toEqual([`error ${check}`]);
    expect(findingOf(report, check as "write-key")?.mend).toContain(variable);
  });

  it("that writes and may also read is a missing wall where the store insists on signed headers", async () => {
    const endpoint = await startBucket({ credentials: credentialsWith("write", { read: true }) });
    const report = await examineBucket(endpoint, { options: { storeName: "ceph" } });
    expect(complaintsOf(report)).toEqual(["warning write-key.read"]);
    expect(report.paste).toEqual([
      expect.objectContaining({
        what: "policy",
        json: expect.objectContaining({ Version: "2012-10-17" }),
      }),
    ]);
  });

  it("that is all three is several warnings, on such a store", async () => {
    const both = { read: true, list: true, write: true, delete: true };
    const endpoint = await startBucket({ credentials: credentialsWith("read", both) });
    const report = await examineBucket(endpoint, {
      environment: {
        PRESYNC_WRITE_KEY_ID: read.accessKeyId,
        PRESYNC_WRITE_KEY_SECRET: read.secretAccessKey,
        PRESYNC_ADMIN_KEY_ID: read.accessKeyId,
        PRESYNC_ADMIN_KEY_SECRET: read.secretAccessKey,
      },
    });
    expect(complaintsOf(report)).toEqual([
      "warning settings",
      "warning write-key.read",
      "warning write-key.list",
      "warning read-key.write",
      "warning keys.different",
      "warning keys.different",
      "warning keys.different",
    ]);
  });

  it("that reads and may also write is found", async () => {
    const credentials = credentialsWith("read", { write: true });
    expect(complaintsOf(await examineBucket(await startBucket({ credentials })))).toEqual([
      "warning read-key.write",
    ]);
  });

  it("that may not list sees 403 for what is missing", async () => {
    const credentials = credentialsWith("read", { list: false });
    const report = await examineBucket(await startBucket({ credentials }));
    expect(complaintsOf(report)).toContain("error read-key.missing");
    expect(findingOf(report, "read-key.missing")?.says).toContain("403 AccessDenied");
    expect(report.paste.map(({ advice }) => advice)).toContain("The policy of the read key:");
  });

  it.each([
    ["write", { write: false }, ["error write-key.write"]],
    ["read", { read: false }, ["error read-key.read", "error read-key.missing"]],
    ["admin", { write: false }, ["error admin-key.write"]],
    ["admin", { read: false }, ["error admin-key.read", "error admin-key.missing"]],
    ["admin", { list: false }, ["error admin-key.list", "error admin-key.missing"]],
  ] as const)("of %s without its right, %j, is found", async (role, rights, complaints) => {
    const credentials = credentialsWith(role, rights);
    const report = await examineBucket(await startBucket({ credentials }));
    expect(complaintsOf(report)).toEqual(complaints);
  });

  it("of the service that may not delete is found", async () => {
    const credentials = credentialsWith("admin", { delete: false });
    const report = await examineBucket(await startBucket({ credentials }));
    expect(complaintsOf(report)).toEqual(["warning left-behind"]);
    expect(findingOf(report, "left-behind")?.mend).toContain("s3:DeleteObject");
  });

  it("that writes and may also delete is worth a note", async () => {
    const credentials = credentialsWith("write", { delete: true });
    const report = await examineBucket(await startBucket({ credentials }));
    expect(findingOf(report, "write-key.delete")).toMatchObject({ status: "note" });
  });
});

describe("an attack", () => {
  it("by copying is found", async () => {
    const endpoint = await startBucket({ credentials: credentialsWith("write", { read: true }) });
    const report = await examineBucket(endpoint, {
      environment: {
        PRESYNC_ADMIN_KEY_ID: write.accessKeyId,
        PRESYNC_ADMIN_KEY_SECRET: write.secretAccessKey,
      },
      tamper: async (url, toSend, pass) => {
        const source = headerOf(toSend, "x-amz-copy-source");
        if (source === undefined) return pass(url, toSend);
        const loot = await sendAsOwner(endpoint, endpoint + source, {}, pass);
        return sendAsOwner(endpoint, url, { method: "PUT", body: loot.body }, pass);
      },
    });
    expect(complaintsOf(report)).toEqual(
      expect.arrayContaining([
        "error attack.copy-source",
        "error write-key.read",
        "error keys.different",
      ]),
    );
  });

  it.each(["x-amz-acl", "x-amz-grant-read"])("by %s is found, and undone", async (header) => {
    const open = new Set<string>();
    const endpoint = await startBucket();
    const report = await examineBucket(endpoint, {
      tamper: async (url, toSend, pass) => {
        const { pathname } = new URL(url);
        if (toSend.method === "PUT") {
          open.delete(pathname);
          if (headerOf(toSend, header) !== undefined) {
            open.add(pathname);
            return sendAsOwner(endpoint, url, toSend, pass);
          }
        }
        return open.has(pathname) && !isSigned(url) && toSend.method === undefined
          ? sendAsOwner(endpoint, url, toSend, pass)
          : pass(url, toSend);
      },
    });
    expect(complaintsOf(report)).toEqual(["error attack.acl"]);
    expect(findingOf(report, "attack.acl")?.says).toContain(header);
    expect([...open]).toEqual([]);
  });

  it("on a public bucket needs no skill", async () => {
    const endpoint = await startBucket();
    const report = await examineBucket(endpoint, {
      tamper: (url, toSend, pass) =>
        isSigned(url) ||
        headerOf(toSend, "authorization") !== undefined ||
        toSend.method === "OPTIONS"
          ? pass(url, toSend)
          : sendAsOwner(endpoint, url, toSend, pass),
    });
    expect(complaintsOf(report)).toEqual([
      "error anonymous.read",
      "error anonymous.list",
      "error anonymous.write",
    ]);
    expect(findingOf(report, "attack.acl")).toMatchObject({ status: "skipped" });
  });
});

describe("CORS", () => {
  it("that misses an origin is found, and the rules are shown", async () => {
    const other = "https://other.example";
    const report = await examineBucket(await startBucket(), {
      environment: { PRESYNC_ORIGINS: `${appOrigin},${other}` },
    });
    expect(complaintsOf(report)).toEqual(["error cors.origin"]);
    const findings = report.findings.filter(({ check }) => check === "cors.origin");
    expect(findings.map(({ status, says }) => [status, says.includes(other)])).toEqual([
      ["ok", false],
      ["error", true],
    ]);
    expect(report.paste).toEqual([
      expect.objectContaining({
        what: "cors",
        json: {
          CORSRules: [
            {
              AllowedOrigins: [appOrigin, other],
              AllowedMethods: ["GET", "PUT"],
              AllowedHeaders: ["content-type"],
              ExposeHeaders: ["ETag", "Date"],
              MaxAgeSeconds: 86_400,
            },
          ],
        },
      }),
    ]);
  });

  it.each([
    ["is not there at all", undefined, ["error cors.origin"]],
    ["has no PUT", { allowedMethods: ["GET"] }, ["error cors.origin"]],
    ["has no content type", { allowedHeaders: [] }, ["error cors.origin"]],
    ["lets everybody in", { allowedOrigins: ["*"] }, ["warning cors.foreign"]],
    ["hides the ETag", { exposeHeaders: ["Date"] }, ["error cors.exposed"]],
    ["hides the date", { exposeHeaders: ["ETag"] }, ["warning cors.exposed"]],
    ["has preflights that last a minute", { maxAgeSeconds: 60 }, ["warning cors.max-age"]],
  ])("that %s is found", async (_, spoiled, complaints) => {
    const cors = spoiled === undefined ? [] : [{ ...goodCorsRule, ...spoiled }];
    const report = await examineBucket(await startBucket({ cors }));
    expect(complaintsOf(report)).toEqual(complaints);
    expect(report.paste.map(({ what }) => what)).toEqual(["cors"]);
  });

  it("that leaves out what is missing is found", async () => {
    const report = await examineBucket(await startBucket(), {
      tamper: async (url, toSend, pass) => {
        const given = await pass(url, toSend);
        const { "access-control-allow-origin": _, ...headers } = given.headers;
        return given.status === 404 ? { ...given, headers } : given;
      },
    });
    expect(complaintsOf(report)).toEqual(["error cors.origin"]);
    expect(findingOf(report, "cors.origin")?.says).toContain("missing object");
  });

  it("is set by --fix with the admin key", async () => {
    const endpoint = await startBucket({ cors: [] });
    const report = await examineBucket(endpoint, { options: { fix: true } });
    expect(complaintsOf(report)).toEqual([]);
    expect(findingOf(report, "cors.fix")).toMatchObject({ status: "ok" });
    expect(complaintsOf(await examineBucket(endpoint))).toEqual([]);
  });

  it("of another app in the same bucket is left by --fix", async () => {
    const other = "https://other.example";
    const endpoint = await startBucket({
      cors: [{ ...goodCorsRule, allowedOrigins: [other, appOrigin], allowedMethods: ["GET"] }],
    });
    expect(complaintsOf(await examineBucket(endpoint, { options: { fix: true } }))).toEqual([]);
    const both = { PRESYNC_ORIGINS: `${appOrigin},${other}` };
    const report = await examineBucket(endpoint, { environment: both });
    expect(complaintsOf(report)).toEqual(["error cors.origin"]);
    expect(report.findings.some(({ says }) => says.includes(`${other} may not PUT`))).toBe(true);
  });

  it("is not set by --fix where the admin key may not, and the doctor says so", async () => {
    const credentials = credentialsWith("admin", { admin: false });
    const endpoint = await startBucket({ cors: [], credentials });
    const report = await examineBucket(endpoint, { options: { fix: true } });
    expect(complaintsOf(report)).toEqual(["error cors.origin", "error cors.fix"]);
    expect(findingOf(report, "cors.fix")?.says).toContain("admin key may not");
  });

  it("is not touched by --fix where nothing is wrong with it", async () => {
    const report = await examineBucket(await startBucket(), { options: { fix: true } });
    expect(findingOf(report, "cors.fix")).toBeUndefined();
  });
});

describe("a bucket's own rules", () => {
  const withAnswer = (subresource: string, xml: string) => async () =>
    examineBucket(await startBucket(), {
      tamper: async (url, toSend, pass) =>
        new URL(url).search.startsWith(`?${subresource}`) ? answer(200, xml) : pass(url, toSend),
    });

  it.each([
    ["Expiration", "<Filter/><Expiration><Days>30</Days></Expiration>", "error lifecycle"],
    [
      "Expiration",
      "<Prefix>github:</Prefix><Expiration><Date>x</Date></Expiration>",
      "error lifecycle",
    ],
    [
      "Expiration",
      "<Filter><Prefix>@service/</Prefix></Filter><Expiration><Days>1</Days></Expiration>",
      "error lifecycle",
    ],
    ["Transition", "<Prefix/><Transition><Days>30</Days></Transition>", "warning lifecycle"],
  ])("that would eat data are found: %s %s", async (_, rule, complaint) => {
    const report = await withAnswer(
      "lifecycle",
      `<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status>${rule}</Rule></LifecycleConfiguration>`,
    )();
    expect(complaintsOf(report)).toEqual([complaint]);
    expect(findingOf(report, "lifecycle")?.says).toContain(`"old"`);
  });

  it("that keep every version are worth a note", async () => {
    const xml = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    const report = await withAnswer("versioning", xml)();
    expect(complaintsOf(report)).toEqual([]);
    expect(findingOf(report, "versioning")).toMatchObject({ status: "note" });
  });

  it("that the admin key may not see are to be looked at by hand", async () => {
    const report = await examineBucket(await startBucket());
    for (const check of ["lifecycle", "versioning"] as const)
      expect(findingOf(report, check)).toMatchObject({
        status: "skipped",
        says: expect.stringContaining("console"),
      });
  });
});

it("tells no secret and no signature", async () => {
  const environment = environmentOf(
    await startBucket({ cors: [], credentials: credentialsWith("write", { read: true }) }),
  );
  const text = JSON.stringify(await examineBucket(environment["PRESYNC_ENDPOINT"] ?? ""));
  expect(text).not.toContain("X-Amz-");
  for (const { secretAccessKey } of [read, write, admin])
    expect(text).not.toContain(secretAccessKey);
});

function withoutCondition<T extends { headers?: unknown }>(toSend: T): T {
  const headers = { ...(toSend.headers as Record<string, string> | undefined) };
  delete headers["if-none-match"];
  return { ...toSend, headers };
}
