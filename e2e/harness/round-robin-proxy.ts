/**
 * What stands in front of several instances of the service: it gives each request to the next one in turn, also those that
 * come over one connection. So of any two requests that belong together different instances know.
 */
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { closeServer, listenOn } from "../../scripts/cli/ports.ts";

export interface RoundRobinProxy {
  close(): Promise<void>;
}

/** On loopback, as are the instances, which are named by their origins. */
export async function startRoundRobinProxy(
  port: number,
  instances: readonly string[],
): Promise<RoundRobinProxy> {
  let turn = 0;
  const pass = (incoming: IncomingMessage, response: ServerResponse): void => {
    const to = instances[turn++ % instances.length];
    const outgoing = httpRequest(
      // As it stands: an instance is to see what a client sent, and not what this makes of it.
      { ...addressOf(to!), method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.on("error", () => response.destroy());
        answer.pipe(response);
      },
    );
    outgoing.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    response.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
  const server = createServer(pass);
  await listenOn(server, port);
  return { close: () => closeServer(server) };
}

function addressOf(origin: string): { readonly host: string; readonly port: string } {
  const { hostname, port } = new URL(origin);
  return { host: hostname, port };
}
