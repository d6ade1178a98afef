/**
 * What one test runs against: app server, service and store, each of which can be stopped and comes back under
 * its address. All on loopback, in a directory of its own.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAppFolder } from "../../scripts/cli/app-files.ts";
import { createAppHandler } from "../../scripts/cli/app-server.ts";
import { closeServer, listenOn } from "../../scripts/cli/ports.ts";
import type { BucketClient } from "../../scripts/dev-store/conformance/client.ts";
import { createBucketClient } from "../../scripts/dev-store/conformance/client.ts";
import type { ServiceConfig, StoreConfig } from "../../service/config.ts";
import { createMemoryBus } from "../../service/hints/memory-bus.ts";
import type { HintOptions } from "../../service/hints/settings.ts";
import type { IdentityProvider } from "../../scripts/identity/identity-provider.ts";
import { startIdentityProvider } from "../../scripts/identity/identity-provider.ts";
import type { MailServer } from "../../scripts/identity/mail-server.ts";
import { startMailServer } from "../../scripts/identity/mail-server.ts";
import type { EmailSettings } from "../../service/mailer.ts";
import { createSmtpMailer } from "../../service/smtp-mailer.ts";
import type { Provider } from "../../service/provider.ts";
import { githubProvider } from "../../service/providers/github.ts";
import type { Listening } from "../../service/node.ts";
import { listen } from "../../service/node.ts";
import { distDirectory, serviceInstances } from "./environment.ts";
import { testPage, writeApp } from "./pages.ts";
import { freePort } from "./ports.ts";
import { startRoundRobinProxy } from "./round-robin-proxy.ts";
import { startTestStore } from "./test-store.ts";

export interface StackOptions {
  /** How long signed URLs live; the service's default otherwise. */
  readonly grantSeconds?: number;
  /** How clients hear of each other's changes; instances share a bus in any case. */
  readonly hints?: HintOptions;
  /** How long a session lives that is never exchanged; the service's default otherwise. */
  readonly sessionSeconds?: number;
  /** With a provider that stands where GitHub does. */
  readonly github?: boolean;
  /** With a mail server that takes mails with links. */
  readonly email?: boolean;
  /** The HTML of another page than the test page. */
  readonly page?: string;
  /** The demo, with its `presync-manifest.js`, instead of the test page. */
  readonly demo?: boolean;
  /** Whether there is a `presync-manifest.js`, from which the worker takes the app at its first visit. */
  readonly manifest?: boolean;
  /** The clock of service and store, in milliseconds since 1970; the machine's otherwise. */
  readonly now?: () => number;
}

export interface Part {
  /** Scheme, host and port. */
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface ServicePart extends Part {
  /** Stops it, and starts it with other settings. */
  restart(changes: Partial<ServiceConfig>): Promise<void>;
}

export interface Stack {
  readonly app: Part & {
    /** Serves this at a path, whatever lies in the folder; undefined serves the folder's again. */
    replace(path: string, content: string | Uint8Array | undefined, type?: string): void;
    /** What is served there. */
    read(path: string): Promise<string>;
  };
  readonly service: ServicePart;
  readonly store: Part & {
    readonly config: Required<StoreConfig>;
    /** With the admin's key: may do everything. */
    readonly admin: BucketClient;
  };
  readonly sessionSecret: string;
  /** Null unless it was asked for. */
  readonly identity: IdentityProvider | null;
  /** Null unless it was asked for. */
  readonly mail: MailServer | null;
  close(): Promise<void>;
}

function githubAt({ url, clientId, clientSecret }: IdentityProvider): Provider {
  return githubProvider({ url, apiUrl: url, clientId, clientSecret });
}

function mailThrough({ url }: MailServer): EmailSettings {
  const from = { name: "Shared list", address: "no-reply@example.com" };
  return { mailer: createSmtpMailer({ url, from }), appName: "Shared list" };
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const directory = await mkdtemp(join(tmpdir(), "presync-e2e-stack-"));
  const closers: (() => Promise<unknown>)[] = [
    () => rm(directory, { recursive: true, force: true }),
  ];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const appPort = await freePort();
    const servicePort = await freePort();
    const origins = [`http://127.0.0.1:${appPort}`, `http://localhost:${appPort}`];
    const store = await startTestStore(directory, origins, options.now ?? Date.now);
    closers.push(() => store.stop());
    const identity = options.github
      ? await startIdentityProvider([`http://127.0.0.1:${servicePort}/v1/auth/github/callback`])
      : null;
    if (identity !== null) closers.push(() => identity.close());
    const mail = options.email ? await startMailServer() : null;
    if (mail !== null) closers.push(() => mail.close());
    const sessionSecret = randomBytes(32).toString("base64url");
    const service = servicePart(servicePort, {
      origins,
      store: store.config,
      sessionSecrets: [sessionSecret],
      now: options.now ?? Date.now,
      hints: { bus: createMemoryBus(), ...options.hints },
      providers: identity === null ? [] : [githubAt(identity)],
      ...(mail === null ? {} : { email: mailThrough(mail) }),
      ...(options.grantSeconds === undefined ? {} : { grantSeconds: options.grantSeconds }),
      ...(options.sessionSeconds === undefined ? {} : { sessionSeconds: options.sessionSeconds }),
    });
    await service.start();
    closers.push(() => service.stop());
    const appDirectory = options.demo ? join(distDirectory(), "demo") : join(directory, "app");
    if (!options.demo) await writeApp(appDirectory, { "index.html": options.page ?? testPage });
    const manifest = options.manifest ?? options.demo ?? false;
    const app = appPart(appPort, appDirectory, service.url, manifest);
    await app.start();
    closers.push(() => app.stop());
    const { endpoint, region, bucket, admin } = store.config;
    return {
      app,
      service,
      identity,
      mail,
      store: {
        ...store,
        url: endpoint,
        admin: createBucketClient({ endpoint, region, bucket }, admin),
      },
      sessionSecret,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function servicePart(port: number, fixed: Omit<ServiceConfig, "publicUrl">): ServicePart {
  let running: Pick<Listening, "close"> | null = null;
  let config = fixed;
  const publicUrl = `http://127.0.0.1:${port}`;
  // Refusals are part of many tests, and no news.
  const startOn = (at: number): Promise<Listening> =>
    listen({ publicUrl, log() {}, ...config }, { port: at });
  const self: ServicePart = {
    url: publicUrl,
    async start() {
      const count = serviceInstances();
      running ??= await (count === 1
        ? startOn(port)
        : startBehindProxy(port, count, () => startOn(0)));
    },
    async stop() {
      const stopping = running;
      running = null;
      await stopping?.close();
    },
    async restart(changes) {
      await self.stop();
      config = { ...config, ...changes };
      await self.start();
    },
  };
  return self;
}

function warn(line: string): void {
  console.warn(line);
}

/** Nothing keeps a client at one instance. */
async function startBehindProxy(
  port: number,
  count: number,
  startInstance: () => Promise<Listening>,
): Promise<Pick<Listening, "close">> {
  const instances: Listening[] = [];
  while (instances.length < count) instances.push(await startInstance());
  const proxy = await startRoundRobinProxy(
    port,
    instances.map(({ url }) => url),
  );
  return {
    async close() {
      await proxy.close();
      for (const instance of instances) await instance.close();
    },
  };
}

function appPart(
  port: number,
  appDirectory: string,
  serviceUrl: string,
  manifest: boolean,
): Stack["app"] {
  const folder = openAppFolder({ appDirectory, packageDirectory: distDirectory(), warn });
  const replaced = new Map<string, { readonly content: Buffer; readonly type: string }>();
  const handler = createAppHandler({
    folder: {
      async find(pathname) {
        const found = replaced.get(pathname);
        if (found !== undefined) return found;
        if (pathname === "/presync-manifest.js" && !manifest) return undefined;
        return folder.find(pathname);
      },
    },
    serviceUrl: () => serviceUrl,
    warn,
  });
  let running: Server | null = null;
  return {
    url: `http://127.0.0.1:${port}`,
    async start() {
      if (running !== null) return;
      running = createServer(handler);
      await listenOn(running, port);
    },
    async stop() {
      const stopping = running;
      running = null;
      if (stopping !== null) await closeServer(stopping);
    },
    async read(path) {
      const file = await folder.find(path);
      if (file === undefined || file === "directory") throw new Error(`there is no ${path}`);
      return Buffer.from(file.content).toString();
    },
    replace(path, content, type = "text/javascript") {
      if (content === undefined) replaced.delete(path);
      else replaced.set(path, { content: Buffer.from(content), type });
    },
  };
}
