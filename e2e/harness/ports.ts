/**
 * Ports for servers that are stopped and come back under the same address. They lie below the range the system
 * gives to outgoing connections, so that none of the browsers' own connections takes a port meanwhile. A port is
 * bound only some time after it was found free: so every test process draws from ports of its own, each once.
 */
import { createServer } from "node:net";

const portMin = 15_000;
const portMax = 32_000;
const attemptsMax = 50;

/** Playwright numbers the processes that run at the same time. */
const lanes = 8;
const lane = Number(process.env["TEST_PARALLEL_INDEX"] ?? lanes - 1) % lanes;
const drawn = new Set<number>();

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const room = Math.floor((portMax - portMin) / lanes);
    const port = portMin + lane + lanes * Math.floor(Math.random() * room);
    if (drawn.has(port)) continue;
    drawn.add(port);
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
