import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedStore } from "../cli/dev-store.ts";
import { makeDataDirectory, readDevData } from "../cli/dev-data.ts";
import { appOrigin } from "../../service/test-world.ts";
import { describeAttacks } from "./attacks.ts";

describeAttacks({
  name: "the embedded store",
  async start() {
    const directory = await mkdtemp(join(tmpdir(), "presync-attacks-"));
    await makeDataDirectory(directory);
    const data = await readDevData(directory);
    const store = await startEmbeddedStore({
      directory,
      data,
      origins: [appOrigin],
      writeIntervalMs: 0,
    });
    return {
      config: store.config,
      async close() {
        await store.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});
