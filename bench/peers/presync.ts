/** presync: engines in Node on real time, through signed URLs and HTTP to the embedded store. */
import { fork } from "node:child_process";
import { once } from "node:events";
import * as A from "@automerge/automerge";
import type { Grant } from "../../shared/grants.ts";
import type { Handle } from "../../sw/engine/documents.ts";
import { createPresignedBucket } from "../../sw/world/presigned-bucket.ts";
import { automergeDocuments, documentIdOf } from "../automerge-documents.ts";
import type { Dataset } from "../documents.ts";
import { readingOf } from "../documents.ts";
import { memoryUse } from "../memory-use.ts";
import { installHttpCache } from "../network/http-cache.ts";
import { startServer } from "../network/server-process.ts";
import type { NodeDevice } from "../node-device.ts";
import { openNodeDevice, openReady, realTime, replicaId } from "../node-device.ts";
import { onceAmong } from "./changes.ts";
import { fillFrom, until } from "./fill.ts";
import { grantFor } from "./grants.ts";
import { documentCount } from "./ports.ts";
import type { ColdRead, Hosted, LiveText, System, Traffic } from "./system.ts";
import { emptyText } from "./system.ts";

/** The one that holds the dataset, and the other one that is open with it. */
const hostIndex = 1;
const otherIndex = 2;
/** Clients that come with nothing count on from here. */
const coldIndex = 16;

installHttpCache();

/** In a process of its own, because the memory of thousands of documents stays with who made them. */
async function fillStore(port: number, dataset: Dataset): Promise<void> {
  const module = new URL("presync-fill.ts", import.meta.url);
  const child = fork(module, [String(port), JSON.stringify(dataset)]);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error("the store could not be filled");
}

function openDevice(grant: Grant): Promise<NodeDevice> {
  return openNodeDevice({ bucket: createPresignedBucket(grant, realTime.clock) });
}

interface Content {
  text: string;
}

function liveText(device: NodeDevice, handle: Handle, acknowledged: () => void): LiveText {
  return {
    text: () => (handle.doc() as Content).text,
    splice(position, deleted, inserted) {
      void device
        .change(handle, (draft: Content) => A.splice(draft, ["text"], position, deleted, inserted))
        .then(() => device.inBucket(handle))
        .then(acknowledged, () => undefined);
    },
    onceChanged: onceAmong((listener) => void handle.on("change", listener)),
  };
}

function trafficOf(
  device: NodeDevice,
  link: { readonly up: number; readonly down: number },
): Traffic {
  const { puts, gets, emptyGets, putBytes, getBytes } = device.bucket.cost();
  return { ...link, bodyUp: putBytes, bodyDown: getBytes, requests: puts + gets + emptyGets };
}

export const presync: System = {
  name: "presync",
  async host(dataset): Promise<Hosted> {
    const store = await startServer(new URL("presync-store.ts", import.meta.url), dataset);
    const [writerId, readerId] = [replicaId(hostIndex), replicaId(otherIndex)];
    if (dataset !== emptyText) await fillStore(store.port, dataset);
    let cold = coldIndex;
    return {
      async admit(network, roundTripMs) {
        const link = await network.link(store.port, roundTripMs);
        const address = await grantFor(link.port, replicaId(cold++), [writerId]);
        return { address, bytes: () => link.bytes() };
      },
      async live(network, roundTripMs) {
        const links = [
          await network.link(store.port, roundTripMs),
          await network.link(store.port, roundTripMs),
        ] as const;
        const writer = await openDevice(await grantFor(links[0].port, writerId, [readerId]));
        await fillFrom(writer, automergeDocuments(dataset));
        const reader = await openDevice(await grantFor(links[1].port, readerId, [writerId]));
        const id = documentIdOf(0);
        const [own, theirs] = [await openReady(writer, id), await openReady(reader, id)];
        return {
          writer: liveText(writer, own, () => reader.hint(writerId)),
          reader: liveText(reader, theirs, () => writer.hint(readerId)),
          bytes: async () => ({
            writer: trafficOf(writer, await links[0].bytes()),
            reader: trafficOf(reader, await links[1].bytes()),
          }),
          async close() {
            await Promise.all([writer.close(), reader.close()]);
          },
        };
      },
      close: () => store.close(),
    };
  },
  async coldRead(address, dataset, opens): Promise<ColdRead> {
    const grant = address as Grant;
    const writerId = replicaId(hostIndex);
    const startedAt = performance.now();
    const device = await openDevice(grant);
    const hasAll = (): boolean =>
      device.engine
        .status()
        .peers.some(({ replica, lastChangeAt }) => replica === writerId && lastChangeAt > 0);
    await until(hasAll, "everything is on the device");
    const durableMs = performance.now() - startedAt;
    const cost = device.bucket.cost();
    const memoryUnopened = await memoryUse();
    const { gets, emptyGets, puts, getBytes } = cost;
    const requests = { gets, emptyGets, puts };
    const common = { durableMs, memoryUnopened, requests, bodyBytes: getBytes };
    if (!opens) {
      await device.close();
      return { ...common, readMs: null, openedMs: null, reading: null, memory: memoryUnopened };
    }
    const ids = Array.from({ length: documentCount(dataset) }, (_, index) => documentIdOf(index));
    const readAt = performance.now();
    let reading = 0;
    for (const id of ids)
      reading +=
        (await device.engine.peek(id, (doc) =>
          readingOf(dataset.kind, doc as Record<string, unknown>),
        )) ?? 0;
    const readMs = durableMs + performance.now() - readAt;
    const openedAt = performance.now();
    const handles = await Promise.all(ids.map((id) => openReady(device, id)));
    for (const handle of handles) readingOf(dataset.kind, handle.doc());
    const openedMs = durableMs + performance.now() - openedAt;
    const memory = await memoryUse();
    await device.close();
    return { ...common, readMs, openedMs, reading, memory };
  },
};
