/** y-websocket's server; documents come from where its persistence would have them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setPersistence, setupWSConnection } from "@y/websocket-server/utils";
import { WebSocketServer } from "ws";
import * as Y from "yjs";
import { yjsDocuments } from "../yjs-documents.ts";
import { datasetOfProcess, serveAt } from "../network/server-process.ts";

const updates = new Map<string, Uint8Array>();
for (const { name, update } of yjsDocuments(datasetOfProcess())) updates.set(name, update);
setPersistence({
  provider: null,
  bindState(name: string, document: Y.Doc) {
    const update = updates.get(name);
    if (update !== undefined) Y.applyUpdate(document, update);
  },
  async writeState() {},
});
const sockets = new WebSocketServer({ noServer: true });
sockets.on("connection", setupWSConnection);
const server = createServer();
server.on("upgrade", (request, socket, head) =>
  sockets.handleUpgrade(request, socket, head, (client) =>
    sockets.emit("connection", client, request),
  ),
);
server.listen(0, "127.0.0.1", () => serveAt((server.address() as AddressInfo).port));
