/** What is measured: store, service and app server on loopback, with every request to the store counted. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Listening } from "../../service/node.ts";
import { listen } from "../../service/node.ts";
import { openAppFolder } from "../../scripts/cli/app-files.ts";
import { createAppHandler } from "../../scripts/cli/app-server.ts";
import { closeServer, listenOn } from "../../scripts/cli/ports.ts";
import type { Credential, RequestCount, Rights } from "../../scripts/dev-store/index.ts";
import { startStore } from "../../scripts/dev-store/index.ts";
import { livePeerPage, livePeerSource, livePresyncPage } from "./live-pages.ts";
import { peerPage, peerScript, peerSource, presyncPage } from "./start-pages.ts";

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

export interface BenchStackOptions {
  /** The port through which browsers are to reach this one of the store or of the service. */
  readonly reachedAt?: (port: number) => Promise<number>;
  /** By what the service learns of changes; "off" where it tells nobody. */
  readonly hints?: "reports" | "store events" | "off";
}

export async function startBenchStack({
  reachedAt = async (port) => port,
  hints = "reports",
}: BenchStackOptions = {}): Promise<BenchStack> {
  const directory = await mkdtemp(join(tmpdir(), "presync-bench-"));
  const appDirectory = join(directory, "app");
  await mkdir(appDirectory);
  await writeFile(join(appDirectory, "index.html"), page);
  await writeFile(join(appDirectory, "start.html"), presyncPage);
  await writeFile(join(appDirectory, "peer.html"), peerPage);
  await writeFile(join(appDirectory, "peer.js"), await peerScript(peerSource));
  await writeFile(join(appDirectory, "live.html"), livePresyncPage);
  await writeFile(join(appDirectory, "live-peer.html"), livePeerPage);
  await writeFile(join(appDirectory, "live-peer.js"), await peerScript(livePeerSource));
  const requests: RequestCount[] = [];

  const admin = key({ read: true, write: true, list: true, delete: true, admin: true });
  const read = key({ read: true, list: true });
  const write = key({ write: true });

  const storeEventsSecret = randomBytes(24).toString("base64url");

  let serviceUrl: string | undefined;
  let service: Listening | undefined;
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
    onRequest(request) {
      requests.push(request);
      const { method, key: written, status } = request;
      if (hints === "store events" && method === "PUT" && status === 200 && service !== undefined)
        void tellOfWrite(service.url, storeEventsSecret, written);
    },
  });
  const endpoint = `http://127.0.0.1:${await reachedAt(store.port)}`;
  const servicePort = await freePort();
  serviceUrl = `http://127.0.0.1:${await reachedAt(servicePort)}`;
  service = await listen(
    {
      publicUrl: serviceUrl,
      origins: [...origins],
      store: { endpoint, region, bucket, admin, read, write },
      sessionSecrets: [randomBytes(32).toString("base64url")],
      hints: {
        ...(hints === "off" ? { streamsMax: 0 } : {}),
        ...(hints === "store events" ? { storeEventsSecret } : {}),
      },
      log() {},
    },
    { port: servicePort },
  );
  return {
    origins,
    requests,
    stopApp: () => closeServer(app),
    async startApp() {
      app = createApp();
      await listenOn(app, port);
    },
    async close() {
      await service?.close();
      await store.close();
      await closeServer(app);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** As a store does that sends events; it stands beside the service, so no round trip is added. */
async function tellOfWrite(service: string, secret: string, written: string): Promise<void> {
  const object = { key: encodeURIComponent(written), eTag: randomBytes(8).toString("hex") };
  const record = { eventName: "ObjectCreated:Put", s3: { bucket: { name: bucket }, object } };
  await fetch(`${service}/v1/store-events`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({ Records: [record] }),
  });
}

/** What leads to a server may have to be there before the server. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server, 0);
  await closeServer(server);
  return port;
}
