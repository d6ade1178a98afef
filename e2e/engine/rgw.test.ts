import { describe } from "vitest";
import { missingPrograms, startRgw } from "../../scripts/rgw/start-rgw.ts";
import { describeTwoDevices } from "./describe-two-devices.ts";

const required = process.env["PRESYNC_REQUIRE_RGW"] === "1";
const missing = required ? [] : missingPrograms();

describe.skipIf(missing.length > 0)("on this machine", () => {
  describeTwoDevices({
    name: "Ceph RGW",
    runs: 2,
    startTimeoutMs: 120_000,
    // No page takes part, but CORS rules must name an origin.
    start: () => startRgw({ origins: ["http://app.example"] }),
  });
});
