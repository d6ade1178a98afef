/** How the systems built on Yjs hold the content. */
import type * as Y from "yjs";
import type { Dataset } from "../documents.ts";
import { readingOf, textKey } from "../documents.ts";
import { yjsRoot } from "../yjs-documents.ts";
import { onceAmong } from "./changes.ts";
import type { LiveText } from "./system.ts";

export function yjsLiveText(document: Y.Doc): LiveText {
  const text = document.getText(textKey);
  return {
    text: () => text.toJSON(),
    splice(position, deleted, inserted) {
      document.transact(() => {
        if (deleted > 0) text.delete(position, deleted);
        if (inserted !== "") text.insert(position, inserted);
      });
    },
    onceChanged: onceAmong((listener) => void document.on("update", listener)),
  };
}

export function readYjs({ kind }: Dataset, documents: readonly Y.Doc[]): number {
  let reading = 0;
  for (const document of documents) {
    const content =
      kind === "text"
        ? { [textKey]: document.getText(textKey).toJSON() }
        : (document.getMap(yjsRoot).toJSON() as Record<string, unknown>);
    reading += readingOf(kind, content);
  }
  return reading;
}
