/** presync: engines in Node on real time, through signed URLs and HTTP to the embedded store. */
import * as A from "@automerge/automerge";
import type { Grant, GrantedReplicaState } from "../../shared/grants.ts";
import { grantVersion } from "../../shared/grants.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { defaultLayout } from "../../shared/keys.ts";
import { createSigner } from "../../service/signer.ts";
import type { Handle } from "../../sw/engine/documents.ts";
import { createPresignedBucket } from "../../sw/world/presigned-bucket.ts";
import type { Dataset } from "../documents.ts";
import { automergeDocuments, documentIdOf } from "../automerge-documents.ts";
import { readingOf } from "../documents.ts";
import { memoryUse } from "../memory-use.ts";
import { installHttpCache } from "../network/http-cache.ts";
import { startServer } from "../network/server-process.ts";
import type { NodeDevice } from "../node-device.ts";
import { benchNamespace, openNodeDevice, openReady, realTime, replicaId } from "../node-device.ts";
import { onceAmong } from "./changes.ts";
import { documentCount } from "./ports.ts";
import { readKey, storeBucket, storeRegion, writeKey } from "./store-keys.ts";
import type { ColdRead, Hosted, LiveText, System, Traffic } from "./system.ts";
import { emptyText } from "./system.ts";

const grantSeconds = 3_600;

/** Ids that nobody has yet, as the service grants them too. */
const reservedCount = 2;

/** The one that holds the dataset, and the other one that is open with it. */
const hostIndex = 1;
const otherIndex = 2;
/** Clients that come with nothing count on from here. */
const coldIndex = 16;
const reservedIndex = 4096;

const waitMs = 5;
/** Asking for the status looks at every document that waits. */
const fillWaitMs = 500;
const waitMsMax = 120_000;

installHttpCache();

async function grantFor(port: number, own: ReplicaId, known: readonly ReplicaId[]): Promise<Grant> {
  const signer = createSigner({
    store: {
      endpoint: `http://127.0.0.1:${port}`,
      region: storeRegion,
      bucket: storeBucket,
      addressing: "path",
      read: readKey,
      write: writeKey,
      admin: readKey,
    },
    layout: defaultLayout,
    grantSeconds,
  });
  const issuedAt = Math.floor(Date.now() / 1000) * 1000;
  const entry = (
    replica: ReplicaId,
    state: GrantedReplicaState,
  ): { replica: ReplicaId; state: GrantedReplicaState } => ({ replica, state });
  const reserved = Array.from({ length: reservedCount }, (_, index) =>
    replicaId(reservedIndex + index),
  );
  const namespace = benchNamespace;
  const base = { namespace, signedAt: issuedAt };
  return {
    version: grantVersion,
    namespace,
    replica: own,
    layout: defaultLayout,
    issuedAt,
    expiresAt: issuedAt + grantSeconds * 1000,
    put: await signer.sign({ ...base, method: "PUT", replicas: [entry(own, "own")] }),
    get: await signer.sign({
      ...base,
      method: "GET",
      replicas: [
        entry(own, "own"),
        ...known.map((replica) => entry(replica, "known")),
        ...reserved.map((replica) => entry(replica, "reserved")),
      ],
    }),
  };
}

function openDevice(grant: Grant): Promise<NodeDevice> {
  return openNodeDevice({ bucket: createPresignedBucket(grant, realTime.clock) });
}

async function until(check: () => boolean, what: string, everyMs = waitMs): Promise<void> {
  for (let waited = 0; !check(); waited += everyMs) {
    if (waited > waitMsMax) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function fill(device: NodeDevice, dataset: Dataset): Promise<void> {
  const { repo } = device.engine;
  const handles = [];
  for (const { id, bytes } of automergeDocuments(dataset))
    handles.push(repo.import(bytes, { docId: id }));
  await repo.flush(handles.map(({ documentId }) => documentId));
  await until(
    () => device.engine.status().bucket === "saved",
    "the dataset is in the bucket",
    fillWaitMs,
  );
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
    const isLive = dataset === emptyText;
    if (!isLive) {
      const device = await openDevice(await grantFor(store.port, writerId, []));
      await fill(device, dataset);
      await device.close();
    }
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
        await fill(writer, dataset);
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
  async coldRead(address, dataset): Promise<ColdRead> {
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
    const openedAt = performance.now();
    const handles = await Promise.all(
      Array.from({ length: documentCount(dataset) }, (_, index) =>
        openReady(device, documentIdOf(index)),
      ),
    );
    const reading = handles.reduce(
      (sum, handle) => sum + readingOf(dataset.kind, handle.doc() as Record<string, unknown>),
      0,
    );
    const readMs = durableMs + performance.now() - openedAt;
    const memory = await memoryUse();
    await device.close();
    const { gets, emptyGets, puts, getBytes } = cost;
    const requests = { gets, emptyGets, puts };
    return { durableMs, readMs, reading, memory, memoryUnopened, requests, bodyBytes: getBytes };
  },
};
