import { describe } from "vitest";
import { appOrigin } from "../../service/test-world.ts";
import { describeAttacks } from "../attacks/attacks.ts";
import { missingPrograms, startRgw } from "./start-rgw.ts";

const required = process.env["PRESYNC_REQUIRE_RGW"] === "1";
const missing = required ? [] : missingPrograms();

describe.skipIf(missing.length > 0)("on this machine", () => {
  describeAttacks({
    name: "Ceph RGW",
    startTimeoutMs: 120_000,
    async start() {
      const { endpoint, region, bucket, admin, reader, writer, close } = await startRgw({
        origins: [appOrigin],
      });
      const keys = { read: reader, write: writer, admin };
      return { config: { endpoint, region, bucket, addressing: "path", ...keys }, close };
    },
  });
});
