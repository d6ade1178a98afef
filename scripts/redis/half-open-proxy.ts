/** Stands before a Redis and can lose its connections without a word, as a firewall does that has forgotten them. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface HalfOpenProxy {
  readonly url: string;
  /** From now on nothing passes over the connections there are, and none of them is closed. Later ones are not concerned. */
  forget(): void;
  close(): Promise<void>;
}

export async function startHalfOpenProxy(to: string): Promise<HalfOpenProxy> {
  const sockets = new Set<Socket>();
  let passing = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(new URL(to).port), "127.0.0.1");
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      passing.add(from);
      from.on("error", () => undefined);
      from.on("data", (bytes) => {
        if (passing.has(from)) into.write(bytes);
      });
      from.on("close", () => {
        sockets.delete(from);
        if (passing.has(from)) into.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forget() {
      passing = new Set();
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
