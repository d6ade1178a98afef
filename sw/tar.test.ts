import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { tarEntry } from "./tar.ts";

const run = promisify(execFile);

test("tar itself takes the archive apart", async () => {
  const directory = await mkdtemp(join(tmpdir(), "presync-tar-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const contents: Readonly<Record<string, string>> = {
    "account.json": "{}",
    "objects/browser-0123456789ab/seg/4/9": "x".repeat(512),
    "documents/empty.json": "",
    "documents/longer.json": "ä".repeat(5000),
  };
  const parts = Object.entries(contents).flatMap(([name, text]) =>
    tarEntry(name, new Blob([text])),
  );
  const archive = new Blob([...parts, new Uint8Array(1024)]);
  await writeFile(join(directory, "a.tar"), new Uint8Array(await archive.arrayBuffer()));
  const { stderr } = await run("tar", ["-xf", "a.tar"], { cwd: directory });
  expect(stderr).toBe("");
  for (const [name, text] of Object.entries(contents))
    expect(await readFile(join(directory, name), "utf8")).toBe(text);
});
