/** The datasets as Automerge documents, with fixed actors and times. */
import * as A from "@automerge/automerge";
import { createHash } from "node:crypto";
import type { BinaryDocumentId, DocumentId } from "@automerge/automerge-repo/slim";
import { interpretAsDocumentId } from "@automerge/automerge-repo/slim";
import type { Dataset } from "./documents.ts";
import { documentName, smallDocument, textKey } from "./documents.ts";
import { readTrace } from "./traces.ts";

/** Seconds since 1970: any date, the same in every run. */
const changeTime = Date.UTC(2026, 0, 1) / 1000;

export function documentIdOf(index: number): DocumentId {
  const binary = createHash("sha256").update(documentName(index)).digest().subarray(0, 16);
  return interpretAsDocumentId(new Uint8Array(binary) as BinaryDocumentId);
}

function actorOf(index: number): string {
  return createHash("sha256").update(`actor-${index}`).digest("hex").slice(0, 32);
}

function automergeText(edits: number): A.Doc<{ text: string }> {
  const options = { time: changeTime };
  const empty = A.init<{ text: string }>({ actor: actorOf(0) });
  let document = A.change(empty, options, (draft) => void (draft.text = ""));
  for (const edit of readTrace("automerge-paper", edits))
    document = A.change(document, options, (draft) => {
      for (const [position, deleted, inserted] of edit)
        A.splice(draft, ["text"], position, deleted, inserted);
    });
  return document;
}

function automergeSmall(kind: "tasks" | "notes", index: number): A.Doc<Record<string, unknown>> {
  const { initial, changes } = smallDocument(kind, index);
  const options = { time: changeTime };
  const empty = A.init<Record<string, unknown>>({ actor: actorOf(index + 1) });
  let document = A.change(empty, options, (draft) => void Object.assign(draft, initial));
  for (const { key, value } of changes)
    document = A.change(document, options, (draft) => {
      if (key === textKey) A.splice(draft, [key], String(draft[key]).length, 0, String(value));
      else draft[key] = value;
    });
  return document;
}

/** The documents of a dataset, saved, one after the other. */
export function* automergeDocuments({
  kind,
  count,
}: Dataset): Generator<{ readonly id: DocumentId; readonly bytes: Uint8Array }> {
  if (kind === "text") yield { id: documentIdOf(0), bytes: A.save(automergeText(count)) };
  else
    for (let index = 0; index < count; index++)
      yield { id: documentIdOf(index), bytes: A.save(automergeSmall(kind, index)) };
}
