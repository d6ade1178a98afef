/** Listening on a wished-for port, and on another one where it is taken. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PresyncError } from "../../shared/errors.ts";

/** Ten development servers side by side are more than anybody runs. */
const nextPortsMax = 20;

/** The first of the ports that `open` does not find taken, with what it opened. */
export async function openFirst<T>(
  ports: readonly number[],
  open: (port: number) => Promise<T>,
): Promise<T> {
  for (const port of ports) {
    try {
      return await open(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new PresyncError("conflict", `port ${ports[0]} is taken`);
}

/** The port and those after it, for `openFirst`. */
export function portsFrom(port: number): number[] {
  return Array.from({ length: nextPortsMax }, (_, index) => port + index);
}

/** Listens on loopback, unless another address is named; rejects with Node's error where the port is taken. */
export async function listenOn(
  server: Server,
  port: number,
  host: string = "127.0.0.1",
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Cuts open connections: browsers keep theirs for minutes. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}
