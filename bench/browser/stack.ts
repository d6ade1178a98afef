/** What is measured: store, service and app server on loopback, with every request to the store counted. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen } from "../../service/node.ts";
import { openAppFolder } from "../../scripts/cli/app-files.ts";
import { createAppHandler } from "../../scripts/cli/app-server.ts";
import { closeServer, listenOn } from "../../scripts/cli/ports.ts";
import type { Credential, RequestCount, Rights } from "../../scripts/dev-store/index.ts";
import { startStore } from "../../scripts/dev-store/index.ts";
import { peerPage, peerScript, presyncPage } from "./start-pages.ts";

const bucket = "bench";
const region = "us-east-1";

const page = `<!doctype html>
<title>bench</title>
<script type="module">
  import { Automerge, connect } from "/presync.js";
  // What the bucket costs, by itself: a channel between the browsers would be measured otherwise.
  const presync = await connect({ peers: false });
  const doc = await presync.open("bench", { items: [], text: "" });
  Object.assign(window, { Automerge, presync, doc });
</script>
`;

function warn(line: string): void {
  console.warn(line);
}

function key(rights: Rights): Credential {
  return {
    accessKeyId: randomBytes(8).toString("hex"),
    secretAccessKey: randomBytes(24).toString("base64url"),
    rights,
  };
}

export interface BenchStack {
  /** The same app under two origins, so that the store can tell two devices apart. */
  readonly origins: readonly [a: string, b: string];
  /** Every request the store has answered so far. */
  readonly requests: readonly RequestCount[];
  /** The app's server alone: without it pages come from where the worker keeps them. */
  stopApp(): Promise<void>;
  startApp(): Promise<void>;
  close(): Promise<void>;
}

export async function startBenchStack(): Promise<BenchStack> {
  const directory = await mkdtemp(join(tmpdir(), "presync-bench-"));
  const appDirectory = join(directory, "app");
  await mkdir(appDirectory);
  await writeFile(join(appDirectory, "index.html"), page);
  await writeFile(join(appDirectory, "start.html"), presyncPage);
  await writeFile(join(appDirectory, "peer.html"), peerPage);
  await writeFile(join(appDirectory, "peer.js"), await peerScript());
  const requests: RequestCount[] = [];

  const admin = key({ read: true, write: true, list: true, delete: true, admin: true });
  const read = key({ read: true, list: true });
  const write = key({ write: true });

  let serviceUrl: string | undefined;
  const folder = openAppFolder({ appDirectory, packageDirectory: "dist", warn });
  const createApp = (): Server =>
    createServer(createAppHandler({ folder, serviceUrl: () => serviceUrl, warn }));
  let app = createApp();
  const port = await listenOn(app, 0);
  const origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`] as const;
  const store = await startStore({
    dir: join(directory, "store"),
    region,
    buckets: [bucket],
    credentials: [admin, read, write],
    cors: [
      {
        allowedOrigins: [...origins],
        allowedMethods: ["GET", "PUT"],
        allowedHeaders: ["content-type"],
        maxAgeSeconds: 3600,
      },
    ],
    onRequest: (request) => requests.push(request),
  });
  const service = await listen(
    (publicUrl) => ({
      publicUrl,
      origins: [...origins],
      store: { endpoint: store.endpoint, region, bucket, admin, read, write },
      sessionSecrets: [randomBytes(32).toString("base64url")],
      log() {},
    }),
    { port: 0 },
  );
  serviceUrl = service.url;
  return {
    origins,
    requests,
    stopApp: () => closeServer(app),
    async startApp() {
      app = createApp();
      await listenOn(app, port);
    },
    async close() {
      await service.close();
      await store.close();
      await closeServer(app);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
