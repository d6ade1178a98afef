/** The service, for load: as `presync serve` has it, in a process of its own, which says what it has used. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { clientAddress } from "../../service/client-address.ts";
import { noLimits } from "../../service/limits.ts";
import { jsonLinesLog, listen } from "../../service/node.ts";
import { createMemoryLimits } from "../../service/rate-limits.ts";
import { memoryUse } from "../memory-use.ts";
import type { ServiceUse } from "../load/service-process.ts";
import { adminKey, readKey, storeBucket, storeRegion, writeKey } from "./store-keys.ts";

const [storePort, isLimited] = process.argv.slice(2);

const service = await listen(
  (publicUrl) => ({
    publicUrl,
    origins: ["https://app.example.com"],
    sessionSecrets: ["a-session-secret-of-the-benchmark"],
    store: {
      endpoint: `http://127.0.0.1:${storePort}`,
      region: storeRegion,
      bucket: storeBucket,
      read: readKey,
      write: writeKey,
      admin: adminKey,
    },
    limits: isLimited === "limited" ? createMemoryLimits() : noLimits,
    // Behind one proxy, which says whom a request comes from.
    clientOf: (c) => clientAddress(c, 1),
    log: jsonLinesLog,
  }),
  { port: 0 },
);

const stalls = monitorEventLoopDelay({ resolution: 10 });
stalls.enable();
let rssBytesMax = 0;
setInterval(() => {
  rssBytesMax = Math.max(rssBytesMax, process.memoryUsage().rss);
}, 100).unref();

process.on("message", () => {
  void memoryUse().then(({ heapBytes }) => {
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    const use: ServiceUse = { cpuMs, heapBytes, rssBytesMax, stallMsMax: stalls.max / 1e6 };
    rssBytesMax = 0;
    stalls.reset();
    process.send?.(use);
  });
});
process.on("disconnect", () => process.exit());
process.send?.({ port: service.port });
