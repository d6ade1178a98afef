/** What every disk guarantees: run against the double and the real one. */
import { expect, test } from "vitest";
import type { Disk } from "./world.ts";

export function describeDisk(open: () => Disk): void {
  test("a batch is there as a whole, in order of keys", async () => {
    const disk = open();
    await disk.commit({ put: { "a/2": 2, "a/1": { bytes: new Uint8Array([1]) }, b: "x" } });
    expect(await disk.list("a/")).toEqual([
      ["a/1", { bytes: new Uint8Array([1]) }],
      ["a/2", 2],
    ]);
    await disk.commit({ put: { c: 1 }, remove: ["a/1", "a/2", "not there"] });
    expect(await disk.list("")).toEqual([
      ["b", "x"],
      ["c", 1],
    ]);
    expect(await disk.read("a/1")).toBeUndefined();
    disk.close();
  });

  test("a prefix is letters, whatever they mean", async () => {
    const disk = open();
    await disk.commit({ put: { "a/1/x": 1, "a/10/x": 2, "a/10/y": 3, a: 4, "b/1": 5 } });
    expect(await disk.keys("a/10/")).toEqual(["a/10/x", "a/10/y"]);
    expect(await disk.keys("a/1")).toEqual(["a/1/x", "a/10/x", "a/10/y"]);
    expect(await disk.keys("a/")).toEqual(["a/1/x", "a/10/x", "a/10/y"]);
    expect(await disk.keys("a")).toEqual(["a", "a/1/x", "a/10/x", "a/10/y"]);
    expect(await disk.keys("a/10/x/")).toEqual([]);
    disk.close();
  });

  test("a guard that does not hold refuses all of the batch", async () => {
    const disk = open();
    await disk.commit({ put: { incarnation: 1 }, guard: { key: "incarnation", value: undefined } });
    const late = {
      put: { x: 1 },
      remove: ["incarnation"],
      guard: { key: "incarnation", value: 2 },
    };
    await expect(disk.commit(late)).rejects.toMatchObject({ code: "superseded" });
    expect(await disk.read("x")).toBeUndefined();
    expect(await disk.read("incarnation")).toBe(1);
    disk.close();
  });

  test("of two who start at once, one is first", async () => {
    const disk = open();
    const start = (): Promise<void> =>
      disk.commit({ put: { incarnation: 1 }, guard: { key: "incarnation", value: undefined } });
    const results = await Promise.allSettled([start(), start()]);
    expect(results.map(({ status }) => status).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      "fulfilled",
      "rejected",
    ]);
    disk.close();
  });
}
