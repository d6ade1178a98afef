/** The service on Node: one listener, closed gracefully. */
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Server } from "node:http";
import type { Hono } from "hono";
import { pino } from "pino";
import type { ServiceConfig } from "./config.ts";
import { createService } from "./create-service.ts";
import type { Log } from "./log.ts";

/** Requests take milliseconds; whoever is not done by then is not waited for. */
const closeMsMax = 5000;

/** Connections fall idle one after the other, and each would be kept for its next request. */
const idleCheckMs = 20;

/** A request has 4 kB at most. Who has not sent it by then holds a connection, and sends nothing. */
const requestMsMax = 10_000;
const requestCheckMs = 2_000;

export interface ListenOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Loopback unless another address is named: what is reachable from outside should be a decision. */
  readonly host?: string;
}

export interface Listening {
  readonly url: string;
  readonly port: number;
  /** Lets requests under way finish. Idempotent. */
  close(): Promise<void>;
}

/** One line of JSON for each event, to stderr. */
export const jsonLinesLog: Log = createJsonLog();

function createJsonLog(): Log {
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
  return ({ level, ...event }) => logger[level](event);
}

/**
 * The config may depend on the URL, which is not known before a free port was found. Throws `invalid-argument`
 * for a wrong config, and what Node throws where the port cannot be had.
 */
export async function listen(
  config: ServiceConfig | ((url: string) => ServiceConfig),
  options: ListenOptions,
): Promise<Listening> {
  const { port, host = "127.0.0.1" } = options;
  let app: Hono | undefined;
  const closing = new AbortController();
  const server = createAdaptorServer({
    fetch: (request, bindings) =>
      app?.fetch(request, bindings) ?? new Response(null, { status: 503 }),
    serverOptions: {
      headersTimeout: requestMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: requestCheckMs,
    },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  try {
    const given = typeof config === "function" ? config(url) : config;
    app = createService({ log: jsonLinesLog, closing: closing.signal, ...given });
  } catch (error) {
    await closeServer(server);
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    url,
    port: address.port,
    close() {
      // Streams would hold their connections for as long as they are let.
      closing.abort();
      return (closed ??= closeServer(server));
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const idleTimer = setInterval(() => server.closeIdleConnections(), idleCheckMs);
  const timer = setTimeout(() => server.closeAllConnections(), closeMsMax);
  try {
    await done;
  } finally {
    clearInterval(idleTimer);
    clearTimeout(timer);
  }
}
