/**
 * The process that fills the store with a dataset. A Repo with thousands of documents open spends its time collecting
 * garbage (V8 does so at every growth of wasm memory beyond 64 MB), so the device is restarted now and then.
 */
import { createPresignedBucket } from "../../sw/world/presigned-bucket.ts";
import { automergeDocuments } from "../automerge-documents.ts";
import type { Dataset } from "../documents.ts";
import type { NodeDevice } from "../node-device.ts";
import { openNodeDevice, realTime, replicaId } from "../node-device.ts";
import { fillFrom } from "./fill.ts";
import { grantFor } from "./grants.ts";

const documentsPerStart = 1_000;

const [port, dataset] = process.argv.slice(2);
const documents = [...automergeDocuments(JSON.parse(dataset!) as Dataset)];
const grant = await grantFor(Number(port), replicaId(1), []);
let earlier: NodeDevice | undefined;
for (let start = 0; start < documents.length; start += documentsPerStart) {
  const bucket = createPresignedBucket(grant, realTime.clock);
  const device = await openNodeDevice({ bucket, earlier });
  await fillFrom(device, documents.slice(start, start + documentsPerStart));
  await device.close();
  earlier = device;
}
process.exit();
