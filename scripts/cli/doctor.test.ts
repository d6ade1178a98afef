/** The command as it is typed: exit codes, what is printed where, and against which bucket. */
import { describe, expect, it } from "vitest";
import { environmentOf, startBucket } from "../doctor/test-bucket.ts";
import { runCli } from "./run.ts";

interface Outcome {
  readonly code: number;
  readonly printed: string;
  readonly warned: string[];
}

async function run(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const printed: string[] = [];
  const warned: string[] = [];
  const code = await runCli({
    words: ["doctor", ...words],
    environment,
    packageDirectory: "/nowhere",
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
    untilStopped: async () => {},
  });
  return { code, printed: printed.join("\n"), warned };
}

describe("presync doctor", () => {
  it("ends with 0 where all is well, and has a line for each check", async () => {
    const endpoint = await startBucket();
    const { code, printed, warned } = await run([], environmentOf(endpoint));
    expect([code, warned]).toEqual([0, []]);
    expect(printed).toMatch(/^bucket doctor-test at http:/);
    expect(printed).toMatch(/^ok {7}cors\.origin: pages of https:\/\/app\.example may use/m);
    expect(printed).toMatch(/^skipped {2}lifecycle: /m);
    expect(printed).toMatch(/^0 errors, 0 warnings, 2 skipped, \d+ in order$/m);
  });

  it("ends with 0 where there are only warnings", async () => {
    const environment = { ...environmentOf(await startBucket()), PRESYNC_ORIGIN: "x" };
    const { code, printed } = await run([], environment);
    expect(code).toBe(0);
    expect(printed).toMatch(/^warning {2}settings: PRESYNC_ORIGIN is not a setting/m);
  });

  it("ends with 1 where there are errors, says how to mend each, and what to paste", async () => {
    const endpoint = await startBucket({ cors: [] });
    const { code, printed, warned } = await run(["--store", "s3"], environmentOf(endpoint));
    expect([code, warned]).toEqual([1, []]);
    expect(printed).toMatch(/^error {4}cors\.origin: .*\n {9}-> Give the bucket the CORS rules/m);
    expect(printed).toContain("(Amazon S3)");
    expect(printed).toContain("aws s3api put-bucket-cors");
    expect(printed).toContain(`"AllowedOrigins": [`);
    expect(printed).toMatch(/^1 error, 0 warnings/m);
  });

  it("mends CORS when told to", async () => {
    const environment = environmentOf(await startBucket({ cors: [] }));
    expect((await run([], environment)).code).toBe(1);
    const { code, printed } = await run(["--fix"], environment);
    expect(code).toBe(0);
    expect(printed).toMatch(/^ok {7}cors\.fix: the CORS rules are set$/m);
    expect((await run([], environment)).code).toBe(0);
  });

  it("prints one object with --json", async () => {
    const endpoint = await startBucket({ cors: [] });
    const { code, printed } = await run(["--json", "--store", "gcs"], environmentOf(endpoint));
    expect(code).toBe(1);
    const report: unknown = JSON.parse(printed);
    expect(report).toMatchObject({
      endpoint,
      region: "us-east-1",
      bucket: "doctor-test",
      store: "Google Cloud Storage",
      counts: { error: 1, warning: 0 },
      paste: [{ what: "cors", json: [{ origin: ["https://app.example"] }] }],
    });
    expect(report).toHaveProperty(
      "findings",
      expect.arrayContaining([
        expect.objectContaining({ status: "error", check: "cors.origin" }),
        expect.objectContaining({ status: "ok", check: "write-key.read" }),
      ]),
    );
  });

  it("ends with 2 where it was misused, and asks the store nothing", async () => {
    let requests = 0;
    const environment = environmentOf(await startBucket({ onRequest: () => (requests += 1) }));
    const bad = await run(["--json"], { ...environment, PRESYNC_BUCKET: "", PORT: "http" });
    expect(bad).toEqual({
      code: 2,
      printed: "",
      warned: ["presync: PRESYNC_BUCKET is not set", "presync: PORT is not a port"],
    });
    expect((await run(["--store", "s4"], environment)).code).toBe(2);
    expect(requests).toBe(0);
  });
});
