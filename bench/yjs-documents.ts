/** The datasets as Yjs documents. */
import * as Y from "yjs";
import type { Dataset } from "./documents.ts";
import { documentName, smallDocument, textKey } from "./documents.ts";
import { readTrace } from "./traces.ts";

export const yjsRoot = "root";

/** The documents of a dataset as updates of Yjs. */
export function* yjsDocuments({
  kind,
  count,
}: Dataset): Generator<{ readonly name: string; readonly update: Uint8Array }> {
  if (kind === "text") {
    const document = new Y.Doc();
    document.clientID = 1;
    const text = document.getText(textKey);
    for (const edit of readTrace("automerge-paper", count))
      document.transact(() => {
        for (const [position, deleted, inserted] of edit) {
          if (deleted > 0) text.delete(position, deleted);
          if (inserted !== "") text.insert(position, inserted);
        }
      });
    yield { name: documentName(0), update: Y.encodeStateAsUpdate(document) };
    return;
  }
  for (let index = 0; index < count; index++)
    yield { name: documentName(index), update: yjsSmall(kind, index) };
}

function yjsSmall(kind: "tasks" | "notes", index: number): Uint8Array {
  const document = new Y.Doc();
  document.clientID = index + 1;
  const root = document.getMap(yjsRoot);
  const { initial, changes } = smallDocument(kind, index);
  document.transact(() => {
    for (const [key, value] of Object.entries(initial))
      root.set(key, key === textKey ? new Y.Text(String(value)) : value);
  });
  for (const { key, value } of changes) {
    const text = key === textKey ? (root.get(key) as Y.Text) : undefined;
    if (text === undefined) root.set(key, value);
    else text.insert(text.length, String(value));
  }
  return Y.encodeStateAsUpdate(document);
}
