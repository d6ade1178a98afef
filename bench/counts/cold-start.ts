/** What a device that has nothing reads of one that has a dataset. On virtual time and the in-memory bucket. */
import { automergeDocuments } from "../automerge-documents.ts";
import type { Dataset } from "../documents.ts";
import { openMemoryLab } from "../memory-bucket.ts";

export interface ColdCount {
  /** Body bytes of everything the reader read. */
  readonly bytes: number;
  /** GETs that carried an object. */
  readonly gets: number;
}

export async function countColdStart(dataset: Dataset): Promise<ColdCount> {
  const lab = await openMemoryLab(1);
  const writer = lab.devices[0]!;
  const { repo } = writer.engine;
  const handles = [];
  for (const { id, bytes } of automergeDocuments(dataset))
    handles.push(repo.import(bytes, { docId: id }));
  await repo.flush(handles.map(({ documentId }) => documentId));
  await lab.time.until(() => writer.engine.status().bucket === "saved", "the bucket has it");
  const reader = await lab.join();
  const hasAll = (): boolean =>
    reader.engine.status().peers.some(({ lastChangeAt }) => lastChangeAt > 0);
  await lab.time.until(hasAll, "the reader has it");
  const { gets, getBytes } = reader.bucket.cost();
  await lab.close();
  return { gets, bytes: getBytes };
}
