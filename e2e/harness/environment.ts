/** What the setup of a run hands to its workers: environment variables are the only way. */
import type { Rgw } from "../../scripts/rgw/start-rgw.ts";

const distVariable = "PRESYNC_E2E_DIST";
const rgwVariable = "PRESYNC_E2E_RGW";

export type RgwAddress = Omit<Rgw, "close">;

/** Which store the run is on: `PRESYNC_E2E_STORE=rgw` is Ceph, anything else the embedded one. */
export function wantsRgw(): boolean {
  return process.env["PRESYNC_E2E_STORE"] === "rgw";
}

/** How many instances of the service stand behind its address: `PRESYNC_TEST_INSTANCES`, one by default. */
export function serviceInstances(): number {
  return Number(process.env["PRESYNC_TEST_INSTANCES"] ?? 1);
}

export function setDist(directory: string): void {
  process.env[distVariable] = directory;
}

/** The built files under test. */
export function distDirectory(): string {
  const directory = process.env[distVariable];
  if (directory === undefined) throw new Error("the global setup has not run");
  return directory;
}

export function setRgw(rgw: RgwAddress): void {
  process.env[rgwVariable] = JSON.stringify(rgw);
}

/** Undefined where the run is on the embedded store. */
export function rgwAddress(): RgwAddress | undefined {
  const text = process.env[rgwVariable];
  return text === undefined ? undefined : (JSON.parse(text) as RgwAddress);
}
