/** Hocuspocus 3.4.4: all documents of a client through one connection. */
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { documentName } from "../documents.ts";
import { memoryUse } from "../memory-use.ts";
import { startServer } from "../network/server-process.ts";
import { admitToPort, documentCount } from "./ports.ts";
import type { ColdRead, Hosted, System } from "./system.ts";
import { readYjs, yjsLiveText } from "./yjs-content.ts";

function connect(port: number): HocuspocusProviderWebsocket {
  return new HocuspocusProviderWebsocket({
    url: `ws://127.0.0.1:${port}`,
    WebSocketPolyfill: WebSocket,
  });
}

/** A document, and when it has come. */
function provide(
  websocketProvider: HocuspocusProviderWebsocket,
  index: number,
): { readonly document: Y.Doc; readonly synced: Promise<void> } {
  const document = new Y.Doc();
  const synced = new Promise<void>((resolve) => {
    const provider = new HocuspocusProvider({
      websocketProvider,
      name: documentName(index),
      document,
      onSynced: () => resolve(),
    });
    provider.attach();
  });
  return { document, synced };
}

export const hocuspocus: System = {
  name: "hocuspocus",
  async host(dataset): Promise<Hosted> {
    const server = await startServer(new URL("hocuspocus-server.ts", import.meta.url), dataset);
    const admit = admitToPort(server.port);
    return {
      admit,
      async live(network, roundTripMs) {
        const links = [
          await admit(network, roundTripMs),
          await admit(network, roundTripMs),
        ] as const;
        const sockets = links.map(({ address }) => connect(address));
        const provided = sockets.map((socket) => provide(socket, 0));
        await Promise.all(provided.map(({ synced }) => synced));
        return {
          writer: yjsLiveText(provided[0]!.document),
          reader: yjsLiveText(provided[1]!.document),
          bytes: async () => ({ writer: await links[0].bytes(), reader: await links[1].bytes() }),
          async close() {
            for (const socket of sockets) socket.destroy();
          },
        };
      },
      close: () => server.close(),
    };
  },
  async coldRead(address, dataset): Promise<ColdRead> {
    const startedAt = performance.now();
    const socket = connect(address as number);
    const provided = Array.from({ length: documentCount(dataset) }, (_, index) =>
      provide(socket, index),
    );
    await Promise.all(provided.map(({ synced }) => synced));
    const reading = readYjs(
      dataset,
      provided.map(({ document }) => document),
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
