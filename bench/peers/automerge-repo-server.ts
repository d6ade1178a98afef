/** automerge-repo with its WebSocket server, everything in memory, set up as its own sync server is. */
import type { AddressInfo } from "node:net";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { WebSocketServer } from "ws";
import { automergeDocuments } from "../automerge-documents.ts";
import { datasetOfProcess, serveAt } from "../network/server-process.ts";

/** The adapter takes its types from `isomorphic-ws`, which are not quite those of `ws`. */
type IsomorphicServer = ConstructorParameters<typeof WebSocketServerAdapter>[0];

const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
const repo = new Repo({
  network: [new WebSocketServerAdapter(sockets as IsomorphicServer)],
  sharePolicy: async () => false,
});
for (const { id, bytes } of automergeDocuments(datasetOfProcess()))
  repo.import(bytes, { docId: id });
sockets.once("listening", () => serveAt((sockets.address() as AddressInfo).port));
