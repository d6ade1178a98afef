/**
 * A device's way to the network: an HTTP proxy of its own that can be cut, slowed down, and asked what went
 * through. Pages and service workers alike go through it. It leads to loopback addresses and nowhere else.
 */
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Exchange {
  readonly method: string;
  readonly origin: string;
  /** Without the query, which may be a signature. */
  readonly path: string;
  /** Null while there is no answer, and where none came. */
  status: number | null;
  /** Bytes of the bodies. */
  sentBytes: number;
  receivedBytes: number;
}

export interface ChaosProxy {
  /** For a browser's proxy setting. */
  readonly address: string;
  /** Everything that was asked for, also what failed. */
  readonly log: readonly Exchange[];
  /** Ends what is under way and refuses everything from now on; with an origin, that one only. */
  cut(origin?: string): void;
  heal(): void;
  /** Keeps what answers to this path bring until they end, as proxies do that do not know streams. */
  buffer(path: string): void;
  /** Delays every request by so much. */
  latency(delayMs: number): void;
  close(): Promise<void>;
}

export async function startChaosProxy(): Promise<ChaosProxy> {
  const log: Exchange[] = [];
  const sockets = new Set<Socket>();
  const cutOrigins = new Set<string>();
  const bufferedPaths = new Set<string>();
  let isCut = false;
  let delayMs = 0;
  const underWay = new Map<ServerResponse, string>();

  const pass = (incoming: IncomingMessage, response: ServerResponse, exchange: Exchange): void => {
    const { "proxy-connection": _hop, ...headers } = incoming.headers;
    const outgoing = httpRequest(
      new URL(incoming.url ?? ""),
      { method: incoming.method, headers, agent: false },
      (answer) => {
        exchange.status = answer.statusCode ?? 0;
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.on("data", (chunk: Buffer) => (exchange.receivedBytes += chunk.length));
        answer.on("error", () => response.destroy());
        if (bufferedPaths.has(exchange.path)) keepUntilEnd(answer, response);
        else answer.pipe(response);
      },
    );
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    incoming.on("data", (chunk: Buffer) => (exchange.sentBytes += chunk.length));
    incoming.pipe(outgoing);
  };

  const server: Server = createServer((incoming, response) => {
    const address = incoming.url ?? "";
    if (!URL.canParse(address) || !isLoopback(new URL(address).hostname)) {
      response.destroy();
      return;
    }
    const { origin, pathname } = new URL(address);
    const method = incoming.method ?? "";
    const exchange: Exchange = {
      method,
      origin,
      path: decodeURIComponent(pathname),
      status: null,
      sentBytes: 0,
      receivedBytes: 0,
    };
    log.push(exchange);
    if (isCut || cutOrigins.has(origin)) {
      response.destroy();
      return;
    }
    underWay.set(response, origin);
    response.on("close", () => underWay.delete(response));
    setTimeout(() => {
      if (!response.destroyed) pass(incoming, response, exchange);
    }, delayMs);
  });
  server.on("connection", (socket) => {
    if (isCut) return socket.destroy();
    sockets.add(socket);
    return socket.on("close", () => sockets.delete(socket));
  });
  // What would need a tunnel: https, WebSockets. Nothing here does.
  server.on("connect", (_request, socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });

  const cut = (origin?: string): void => {
    if (origin === undefined) {
      isCut = true;
      for (const socket of sockets) socket.destroy();
      return;
    }
    cutOrigins.add(origin);
    for (const [response, to] of underWay) if (to === origin) response.destroy();
  };
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    cut,
    heal() {
      isCut = false;
      cutOrigins.clear();
    },
    buffer: (path) => void bufferedPaths.add(path),
    latency(next) {
      delayMs = next;
    },
    async close() {
      cut();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function keepUntilEnd(answer: IncomingMessage, response: ServerResponse): void {
  const kept: Buffer[] = [];
  answer.on("data", (chunk: Buffer) => kept.push(chunk));
  answer.on("end", () => response.end(Buffer.concat(kept)));
}

function isLoopback(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "localhost";
}
