/** The embedded store, for presync's devices. It loses its data with the process, as the peers' servers do. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStore } from "../../scripts/dev-store/index.ts";
import { adminKey, readKey, storeBucket, storeRegion, writeKey } from "./store-keys.ts";

const dir = await mkdtemp(join(tmpdir(), "presync-bench-store-"));
const store = await startStore({
  dir,
  region: storeRegion,
  buckets: [storeBucket],
  credentials: [readKey, writeKey, adminKey],
  // The peers' servers do not write to disk at all.
  sync: false,
});
process.on("disconnect", () => {
  void store
    .close()
    .then(() => rm(dir, { recursive: true, force: true }))
    .finally(() => process.exit());
});
process.send?.({ port: store.port });
