import { describe } from "vitest";
import { describeDisk } from "../sw/engine/disk.conformance.ts";
import { createDeviceDisk } from "./device-disk.ts";

describe("a disk of the benchmarks", () => {
  describeDisk(createDeviceDisk);
});
