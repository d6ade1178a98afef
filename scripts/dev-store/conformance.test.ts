import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeBucket } from "./conformance.ts";
import { startStore } from "./index.ts";

const origin = "http://app.example:5173";
const bucket = "conformance";
const region = "us-east-1";
const admin = { accessKeyId: "admin", secretAccessKey: "admin-secret" };
const reader = { accessKeyId: "reader", secretAccessKey: "reader-secret" };
const writer = { accessKeyId: "writer", secretAccessKey: "writer-secret" };

describeBucket({
  name: "the embedded store",
  strict: {
    unsignedAmzHeaders: true,
    scope: true,
    futureDates: true,
    signedHost: true,
    oneMechanism: true,
    repeatedParameters: true,
    corsOnRefusals: true,
    etagOn304: true,
    putIfMatch: true,
    deleteIfMatch: true,
    checksums: true,
  },
  async start() {
    const dir = await mkdtemp(join(tmpdir(), "presync-store-"));
    const store = await startStore({
      dir,
      region,
      buckets: [bucket],
      credentials: [
        { ...admin, rights: { read: true, write: true, list: true, delete: true, admin: true } },
        { ...reader, rights: { read: true, list: true } },
        { ...writer, rights: { write: true } },
      ],
      cors: [
        {
          allowedOrigins: [origin],
          allowedMethods: ["GET", "HEAD", "PUT", "DELETE"],
          allowedHeaders: ["*"],
          maxAgeSeconds: 600,
        },
      ],
    });
    return {
      endpoint: store.endpoint,
      region,
      bucket,
      origin,
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
