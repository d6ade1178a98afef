/** y-websocket 3.1.0: one connection for each document. */
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { documentName } from "../documents.ts";
import { memoryUse } from "../memory-use.ts";
import { startServer } from "../network/server-process.ts";
import { admitToPort, documentCount } from "./ports.ts";
import type { ColdRead, Hosted, System } from "./system.ts";
import { readYjs, yjsLiveText } from "./yjs-content.ts";

/** Documents that are being opened at a time: more connections at once only wait for each other. */
const parallelMax = 200;

/** Without the broadcast channel, through which the clients of one process would pass the server by. */
function provide(port: number, index: number): WebsocketProvider {
  return new WebsocketProvider(`ws://127.0.0.1:${port}`, documentName(index), new Y.Doc(), {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
}

function synced(provider: WebsocketProvider): Promise<void> {
  return new Promise((resolve) => {
    if (provider.synced) resolve();
    else provider.once("sync", () => resolve());
  });
}

export const yWebsocket: System = {
  name: "y-websocket",
  async host(dataset): Promise<Hosted> {
    const server = await startServer(new URL("y-websocket-server.ts", import.meta.url), dataset);
    const admit = admitToPort(server.port);
    return {
      admit,
      async live(network, roundTripMs) {
        const links = [
          await admit(network, roundTripMs),
          await admit(network, roundTripMs),
        ] as const;
        const providers = links.map(({ address }) => provide(address, 0));
        await Promise.all(providers.map((provider) => synced(provider)));
        return {
          writer: yjsLiveText(providers[0]!.doc),
          reader: yjsLiveText(providers[1]!.doc),
          bytes: async () => ({ writer: await links[0].bytes(), reader: await links[1].bytes() }),
          async close() {
            for (const provider of providers) provider.destroy();
          },
        };
      },
      close: () => server.close(),
    };
  },
  async coldRead(address, dataset): Promise<ColdRead> {
    const startedAt = performance.now();
    const providers: WebsocketProvider[] = [];
    let next = 0;
    const openInTurn = async (): Promise<void> => {
      while (next < documentCount(dataset)) {
        const provider = provide(address as number, next++);
        providers.push(provider);
        await synced(provider);
      }
    };
    await Promise.all(Array.from({ length: parallelMax }, openInTurn));
    const reading = readYjs(
      dataset,
      providers.map(({ doc }) => doc),
    );
    const readMs = performance.now() - startedAt;
    const memory = await memoryUse();
    return {
      readMs,
      openedMs: readMs,
      reading,
      memory,
      durableMs: null,
      memoryUnopened: null,
      requests: null,
      bodyBytes: null,
    };
  },
};
