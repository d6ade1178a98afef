/**
 * `presync dev`: the whole of presync on one machine's loopback. Store, service and app server, with everything
 * that must outlive a restart (objects, keys, ports) in one data directory, used by one process at a time.
 */
import { createServer } from "node:http";
import { stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Mailer } from "../../service/mailer.ts";
import type { Listening } from "../../service/node.ts";
import { jsonLinesLog, listen } from "../../service/node.ts";
import { PresyncError } from "../../shared/errors.ts";
import { lockDirectory } from "../dev-store/lock.ts";
import { openAppFolder } from "./app-files.ts";
import { createAppHandler } from "./app-server.ts";
import type { DevPorts } from "./dev-data.ts";
import { makeDataDirectory, readDevData, writeDevData } from "./dev-data.ts";
import type { DevStore } from "./dev-store.ts";
import { readStoreJson, startEmbeddedStore } from "./dev-store.ts";
import { builtFiles, shippedFiles } from "./package-files.ts";
import { closeServer, listenOn, openFirst, portsFrom } from "./ports.ts";

export const appPortDefault = 4500;

export interface DevOptions {
  readonly appDirectory: string;
  readonly packageDirectory: string;
  readonly dataDirectory: string;
  /** This very port, or none. */
  readonly port?: number;
  /** Further origins that may call, such as a bundler's own development server. */
  readonly origins?: readonly string[];
  readonly storeJson?: string;
  readonly writeIntervalMs?: number;
  readonly grantSeconds?: number;
  /** For what a person should know and no program needs. */
  readonly warn: (line: string) => void;
}

export interface DevStack {
  readonly app: string;
  readonly service: string;
  readonly store: {
    readonly endpoint: string;
    readonly region: string;
    readonly bucket: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  /** Idempotent. */
  close(): Promise<void>;
}

export async function startDev(options: DevOptions): Promise<DevStack> {
  if (!(await isDirectory(options.appDirectory)))
    throw new PresyncError("invalid-argument", `there is no app folder ${options.appDirectory}`);
  if (isServed(options.dataDirectory, options.appDirectory))
    throw new PresyncError(
      "invalid-argument",
      "the data folder lies open in the app's folder; give it a name with a dot, or put it elsewhere",
    );
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    // Taken out one by one, so that a second call finds nothing left to do.
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const parts = await startParts(options, (closer) => closers.push(closer));
    let closing: Promise<void> | undefined;
    return { ...parts, close: () => (closing ??= close()) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(
  options: DevOptions,
  onClose: (closer: () => Promise<void> | void) => void,
): Promise<Omit<DevStack, "close">> {
  const { dataDirectory, warn } = options;
  await makeDataDirectory(dataDirectory);
  onClose(lockDirectory(dataDirectory));
  const data = await readDevData(dataDirectory);

  const built = await builtFiles(options.packageDirectory);
  const missing = shippedFiles.filter((file) => !built.includes(file));
  if (missing.length > 0) warn(`not built, so not served: ${missing.join(", ")}`);

  // The app first: store and service must know its origin.
  let service: Listening | undefined;
  const folder = openAppFolder(options);
  const appServer = createServer(
    createAppHandler({ folder, serviceUrl: () => service?.url, warn }),
  );
  const appPort = await openFirst(
    options.port === undefined
      ? [...(data.ports.app === undefined ? [] : [data.ports.app]), ...portsFrom(appPortDefault)]
      : [options.port],
    (port) => listenOn(appServer, port),
  );
  onClose(() => closeServer(appServer));
  const app = `http://127.0.0.1:${appPort}`;
  // Both names of the same machine: people type either.
  const origins = [app, `http://localhost:${appPort}`, ...(options.origins ?? [])];

  const store = await openStore(options, data, origins);
  onClose(() => store.close());
  service = await openFirst([data.ports.service ?? 0, 0], (port) =>
    listen(
      (publicUrl) => ({
        publicUrl,
        origins,
        store: store.config,
        sessionSecrets: [data.sessionSecret],
        email: { mailer: consoleMailer(warn) },
        ...(options.grantSeconds === undefined ? {} : { grantSeconds: options.grantSeconds }),
        log: (event) => {
          if (event.level !== "info") jsonLinesLog(event);
        },
      }),
      { port },
    ),
  );
  const listening = service;
  onClose(() => listening.close());

  const ports = { ...data.ports, app: appPort, service: listening.port, ...store.ports };
  for (const line of movedPorts(data.ports, ports)) warn(line);
  await writeDevData(dataDirectory, { ...data, ports });
  const { endpoint, region, bucket, admin } = store.config;
  return { app, service: listening.url, store: { endpoint, region, bucket, ...admin } };
}

/** There is no mailbox on this machine to look into. */
function consoleMailer(show: (line: string) => void): Mailer {
  return {
    send({ to, text }) {
      show(`mail to ${to}:\n${text.replaceAll(/^/gm, "    ")}`);
      return Promise.resolve(true);
    },
  };
}

/** What an earlier start had, and why somebody will miss it. */
function movedPorts(before: DevPorts, now: DevPorts): string[] {
  const lost = {
    app: "browsers see another origin, with storage of its own",
    service: "sessions of the old address are no longer valid",
    store: "signed URLs of earlier grants no longer lead anywhere",
  };
  return (["app", "service", "store"] as const).flatMap((name) =>
    before[name] === undefined || before[name] === now[name]
      ? []
      : [`port ${before[name]} of the ${name} was not free; now ${now[name]}: ${lost[name]}`],
  );
}

function openStore(
  options: DevOptions,
  data: Awaited<ReturnType<typeof readDevData>>,
  origins: readonly string[],
): Promise<DevStore> {
  return options.storeJson === undefined
    ? startEmbeddedStore({
        directory: options.dataDirectory,
        data,
        origins,
        writeIntervalMs: options.writeIntervalMs ?? 0,
      })
    : readStoreJson(options.storeJson);
}

/** Whether the app server would hand out the keys: it serves all below the app's folder but dot files. */
function isServed(dataDirectory: string, appDirectory: string): boolean {
  const path = relative(resolve(appDirectory), resolve(dataDirectory));
  const segments = path.split(sep);
  return !isAbsolute(path) && !segments.some((segment) => segment.startsWith("."));
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
