/**
 * Ports for servers that are stopped and come back under the same address. They lie below the range the system
 * gives to outgoing connections, so that none of the browsers' own connections takes a port meanwhile.
 */
import { createServer } from "node:net";

const portMin = 15_000;
const portMax = 32_000;
const attemptsMax = 50;

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (await isFree(port)) return port;
  }
  throw new Error("no free port was found");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
