/** Hocuspocus; documents come from where its database extension would have them. */
import { Server } from "@hocuspocus/server";
import * as Y from "yjs";
import { yjsDocuments } from "../yjs-documents.ts";
import { datasetOfProcess, serveAt } from "../network/server-process.ts";

const updates = new Map<string, Uint8Array>();
for (const { name, update } of yjsDocuments(datasetOfProcess())) updates.set(name, update);
const server = new Server({
  port: 0,
  address: "127.0.0.1",
  quiet: true,
  stopOnSignals: false,
  async onLoadDocument({ documentName, document }) {
    const update = updates.get(documentName);
    if (update !== undefined) Y.applyUpdate(document, update);
  },
});
await server.listen(0);
serveAt(server.address.port);
