import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lockDirectory } from "./lock.ts";
import { makeTestDirectory } from "./test-store.ts";

it("is held until it is released, and releasing it twice is fine", async () => {
  const dir = await makeTestDirectory();
  const release = lockDirectory(dir);
  expect(() => lockDirectory(dir)).toThrow("in use");
  // The one that was refused has left nothing behind that would keep the holder's successor out.
  release();
  release();
  lockDirectory(dir)();
  expect(readdirSync(dir)).toEqual([]);
});

it("is taken over from a process that is dead", async () => {
  const dir = await makeTestDirectory();
  const { pid } = spawnSync(process.execPath, ["--eval", ""]);
  writeFileSync(join(dir, `lock-${pid}-123-dead`), "");
  const release = lockDirectory(dir);
  expect(readdirSync(dir)).toHaveLength(1);
  release();
});

it.runIf(process.platform === "linux")(
  "is taken over when a new process has the number of a dead one",
  async () => {
    const dir = await makeTestDirectory();
    writeFileSync(join(dir, `lock-${process.pid}-123-dead`), "");
    const release = lockDirectory(dir);
    const [ticket = ""] = readdirSync(dir);
    const startTime = ticket.split("-")[2] ?? "";
    expect(readFileSync("/proc/self/stat", "utf8").split(" ")).toContain(startTime);
    release();
  },
);

it("is left alone when a process that lives holds it", async () => {
  const dir = await makeTestDirectory();
  const release = lockDirectory(dir);
  const before = readdirSync(dir);
  expect(() => lockDirectory(dir)).toThrow(`process ${process.pid}`);
  expect(readdirSync(dir)).toEqual(before);
  release();
});
