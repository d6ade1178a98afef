import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStore } from "../../scripts/dev-store/index.ts";
import { describeTwoDevices } from "./describe-two-devices.ts";

const bucket = "two-devices";
const region = "us-east-1";
const admin = { accessKeyId: "admin", secretAccessKey: "admin-secret" };
const reader = { accessKeyId: "reader", secretAccessKey: "reader-secret" };
const writer = { accessKeyId: "writer", secretAccessKey: "writer-secret" };

describeTwoDevices({
  name: "the embedded store",
  runs: 4,
  async start() {
    const dir = await mkdtemp(join(tmpdir(), "presync-two-devices-"));
    const store = await startStore({
      dir,
      region,
      buckets: [bucket],
      credentials: [
        { ...admin, rights: { read: true, write: true, list: true, delete: true, admin: true } },
        { ...reader, rights: { read: true, list: true } },
        { ...writer, rights: { write: true } },
      ],
      sync: false,
    });
    return {
      endpoint: store.endpoint,
      region,
      bucket,
      admin,
      reader,
      writer,
      async close() {
        await store.close();
        await rm(dir, { recursive: true });
      },
    };
  },
});
