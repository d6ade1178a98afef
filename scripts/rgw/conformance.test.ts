import { describe } from "vitest";
import { describeBucket } from "../dev-store/conformance.ts";
import { missingPrograms, startRgw } from "./start-rgw.ts";

const origin = "http://app.example:5173";
const required = process.env["PRESYNC_REQUIRE_RGW"] === "1";
const missing = required ? [] : missingPrograms();

if (missing.length > 0) {
  console.warn(
    `Ceph RGW is not tested: ${missing.join(", ")} not installed; scripts/setup.sh installs them.`,
  );
}

describe.skipIf(missing.length > 0)("on this machine", () => {
  describeBucket({
    name: "Ceph RGW",
    startTimeoutMs: 120_000,
    // Seen with Ceph 16.2. The two that matter: an x-amz-* header need not be signed, so only keys without the
    // right to read may sign a PUT; and a refusal has no CORS headers, so a page sees it as a network failure.
    strict: {
      unsignedAmzHeaders: false,
      scope: false,
      futureDates: false,
      signedHost: false,
      oneMechanism: false,
      repeatedParameters: false,
      corsOnRefusals: false,
      etagOn304: false,
      putIfMatch: false,
      deleteIfMatch: false,
      checksums: false,
    },
    async start() {
      const rgw = await startRgw({ origins: [origin] });
      return { ...rgw, origin };
    },
  });
});
