/** How long the links really take: a timer of 20 ms rings a little later than that, at every turn. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { spreadOf } from "../report/statistics.ts";
import type { Network } from "./links.ts";

const rounds = 40;

/** The milliseconds that a link of `roundTripMs` adds to a round trip. */
export async function measureAddedRoundTrip(
  network: Network,
  roundTripMs: number,
): Promise<number> {
  const echo = createServer({ noDelay: true }, (socket) => void socket.pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const { port } = echo.address() as AddressInfo;
  const [near, far] = [
    await medianRoundTrip((await network.link(port, 0)).port),
    await medianRoundTrip((await network.link(port, roundTripMs)).port),
  ];
  echo.close();
  return far - near;
}

async function medianRoundTrip(port: number): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const sentAt = performance.now();
    socket.write("x");
    await once(socket, "data");
    took.push(performance.now() - sentAt);
  }
  socket.destroy();
  return spreadOf(took).median;
}
