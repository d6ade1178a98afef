import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "./run.ts";
import type { TestFolders } from "./test-folders.ts";
import { createTestFolders } from "./test-folders.ts";

let folders: TestFolders;

beforeEach(async () => {
  folders = await createTestFolders();
});

afterEach(() => folders.remove());

interface Outcome {
  readonly code: number;
  readonly printed: string[];
  readonly warned: string[];
}

async function run(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const printed: string[] = [];
  const warned: string[] = [];
  const code = await runCli({
    words,
    environment,
    packageDirectory: folders.package,
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
    untilStopped: async () => {},
  });
  return { code, printed, warned };
}

describe("presync", () => {
  it("helps", async () => {
    const { code, printed } = await run([]);
    expect(code).toBe(0);
    for (const word of ["init", "dev", "serve", "--store-json", "PRESYNC_SESSION_SECRET"])
      expect(printed.join("\n")).toContain(word);
  });

  it("knows its version", async () => {
    expect(await run(["version"])).toEqual({ code: 0, printed: ["1.2.3"], warned: [] });
  });

  it("answers what it does not understand with one line and 2", async () => {
    const { code, printed, warned } = await run(["sync"]);
    expect([code, printed]).toEqual([2, []]);
    expect(warned).toEqual(['presync: there is no command "sync"; presync help lists them']);
  });

  it("says what init did", async () => {
    const { code, printed } = await run(["init", folders.app]);
    expect(code).toBe(0);
    expect(printed[0]).toMatch(/^created +.*presync-sw\.js$/);
    expect(await readdir(folders.app)).toContain("presync-manifest.js");
  });

  it("fails with 1 where it was understood and could not be done", async () => {
    expect(await run(["init", "/dev/null"])).toMatchObject({ code: 1, printed: [] });
  });

  it("lists every mistake of the environment before it serves", async () => {
    const { code, warned } = await run(["serve"], { PRESYNC_REGION: "eu west" });
    expect(code).toBe(2);
    expect(warned).toContain("presync: PRESYNC_ENDPOINT is not set");
    expect(warned.filter((line) => line.startsWith("presync: PRESYNC_REGION "))).toHaveLength(1);
  });

  it("serves until it is told to stop", async () => {
    const { code, printed, warned } = await run(["serve"], {
      PRESYNC_ENDPOINT: "http://127.0.0.1:9",
      PRESYNC_REGION: "auto",
      PRESYNC_BUCKET: "presync",
      AWS_ACCESS_KEY_ID: "A",
      AWS_SECRET_ACCESS_KEY: "S",
      PRESYNC_PUBLIC_URL: "http://localhost:9",
      PRESYNC_ORIGINS: "http://localhost:1",
      PRESYNC_SESSION_SECRET: "x".repeat(32),
      PORT: "0",
    });
    expect(code).toBe(0);
    expect(printed).toEqual([expect.stringMatching(/^presync service listens at http:/)]);
    expect(warned.join("\n")).toContain("DANGER");
  });

  it("starts and ends a development stack", async () => {
    const words = ["dev", "--app", folders.app, "--data", `${folders.root}/data`];
    const { code, printed, warned } = await run(words);
    expect([code, warned]).toEqual([0, []]);
    expect(printed).toHaveLength(1);
    expect(printed[0]).toMatch(/Open {2}http:\/\/127\.0\.0\.1:\d+\n/);
  });
});
