import { describe } from "vitest";
import { describeDisk } from "./disk.conformance.ts";
import { createMemoryDisk } from "./memory-world.ts";

describe("a disk in memory", () => {
  describeDisk(() => createMemoryDisk());
});
