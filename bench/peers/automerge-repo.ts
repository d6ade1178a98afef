/** automerge-repo 2.5.6 over its own WebSocket adapters. */
import * as A from "@automerge/automerge";
import type { AutomergeUrl, DocHandle } from "@automerge/automerge-repo";
import { Repo, stringifyAutomergeUrl } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import type { Dataset } from "../documents.ts";
import { documentIdOf } from "../automerge-documents.ts";
import { readingOf } from "../documents.ts";
import { memoryUse } from "../memory-use.ts";
import { startServer } from "../network/server-process.ts";
import { onceAmong } from "./changes.ts";
import { admitToPort, documentCount } from "./ports.ts";
import type { ColdRead, Hosted, LiveText, System } from "./system.ts";

interface Content {
  text: string;
}

function connect(port: number): Repo {
  return new Repo({ network: [new WebSocketClientAdapter(`ws://127.0.0.1:${port}`)] });
}

function urlOf(index: number): AutomergeUrl {
  return stringifyAutomergeUrl({ documentId: documentIdOf(index) });
}

function liveText(handle: DocHandle<Content>): LiveText {
  return {
    text: () => handle.doc().text,
    splice: (position, deleted, inserted) =>
      handle.change((draft) => A.splice(draft, ["text"], position, deleted, inserted)),
    onceChanged: onceAmong((listener) => void handle.on("change", listener)),
  };
}

export const automergeRepo: System = {
  name: "automerge-repo",
  async host(dataset): Promise<Hosted> {
    const server = await startServer(new URL("automerge-repo-server.ts", import.meta.url), dataset);
    const admit = admitToPort(server.port);
    return {
      admit,
      async live(network, roundTripMs) {
        const links = [
          await admit(network, roundTripMs),
          await admit(network, roundTripMs),
        ] as const;
        const repos = links.map(({ address }) => connect(address));
        const handles = await Promise.all(repos.map((repo) => repo.find<Content>(urlOf(0))));
        return {
          writer: liveText(handles[0]!),
          reader: liveText(handles[1]!),
          bytes: async () => ({ writer: await links[0].bytes(), reader: await links[1].bytes() }),
          async close() {
            await Promise.all(repos.map((repo) => repo.shutdown()));
          },
        };
      },
      close: () => server.close(),
    };
  },
  async coldRead(address, dataset): Promise<ColdRead> {
    const startedAt = performance.now();
    const repo = connect(address as number);
    const handles = await Promise.all(
      Array.from({ length: documentCount(dataset) }, (_, index) =>
        repo.find<Record<string, unknown>>(urlOf(index)),
      ),
    );
    const reading = readAll(dataset, handles);
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

function readAll(
  { kind }: Dataset,
  handles: readonly DocHandle<Record<string, unknown>>[],
): number {
  return handles.reduce((sum, handle) => sum + readingOf(kind, handle.doc()), 0);
}
