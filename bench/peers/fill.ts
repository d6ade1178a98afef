/** Brings documents into the bucket through an engine. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { NodeDevice } from "../node-device.ts";

const waitMs = 5;
/** Asking for the status looks at every document that waits. */
const fillWaitMs = 250;
const waitMsMax = 120_000;

export async function until(
  check: () => boolean,
  what: string,
  everyMs: number = waitMs,
): Promise<void> {
  const end = performance.now() + waitMsMax;
  while (!check()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export async function fillFrom(
  device: NodeDevice,
  documents: Iterable<{ readonly id: DocumentId; readonly bytes: Uint8Array }>,
): Promise<void> {
  const { engine } = device;
  const ids: DocumentId[] = [];
  for (const { id, bytes } of documents)
    ids.push(engine.repo.import(bytes, { docId: id }).documentId);
  await engine.repo.flush(ids);
  await until(() => engine.status().bucket === "saved", "the bucket has it", fillWaitMs);
}
