/** What the links add to a request of a browser, which is what presync's ways from browser to browser are made of. */
import { createServer } from "node:http";
import type { Browser } from "@playwright/test";
import { closeServer, listenOn } from "../../scripts/cli/ports.ts";
import type { Network } from "../network/links.ts";
import { spreadOf } from "../report/statistics.ts";

const rounds = 60;
/** The first requests open connections. */
const warmUpRounds = 5;

/** The milliseconds that a link of `roundTripMs` adds to a request and its answer. */
export async function measureAddedToRequest(
  network: Network,
  browser: Browser,
  roundTripMs: number,
): Promise<number> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html", "access-control-allow-origin": "*" });
    response.end("<!doctype html><title>round trip</title>");
  });
  const port = await listenOn(server, 0);
  const urls: string[] = [];
  for (const added of [0, roundTripMs])
    urls.push(`http://127.0.0.1:${(await network.link(port, added)).port}/`);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(urls[0]!);
    const took = await page.evaluate(
      async ([addresses, count]) => {
        const times: number[][] = addresses.map(() => []);
        for (let round = 0; round < count; round++)
          for (const [index, address] of addresses.entries()) {
            const startedAt = performance.now();
            await (await fetch(address, { cache: "no-store" })).arrayBuffer();
            times[index]!.push(performance.now() - startedAt);
          }
        return times;
      },
      [urls, warmUpRounds + rounds] as const,
    );
    const [near, far] = took.map((times) => spreadOf(times.slice(warmUpRounds)).median);
    return far! - near!;
  } finally {
    await context.close();
    await closeServer(server);
  }
}
