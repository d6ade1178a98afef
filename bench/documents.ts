/**
 * The documents that all systems sync: the same content in each system's own model. Ids, actors and times are derived
 * from seeds, so that the bytes are the same in every run.
 */
import * as A from "@automerge/automerge";
import { createHash } from "node:crypto";
import type { BinaryDocumentId, DocumentId } from "@automerge/automerge-repo/slim";
import { interpretAsDocumentId } from "@automerge/automerge-repo/slim";
import * as Y from "yjs";
import { createRandom } from "./random.ts";
import { applyToText, readTrace } from "./traces.ts";

/**
 * `text`: 50,000 keystrokes of a LaTeX paper. `tasks`: small records, one field of which changed nine times. `notes`:
 * the same number of changes, to a flag, a number and a text of random words: harder to compress.
 */
export type DatasetKind = "text" | "tasks" | "notes";

export interface Dataset {
  readonly kind: DatasetKind;
  /** How many documents; keystrokes for `text`. */
  readonly count: number;
}

export const textEdits = 50_000;
export const changesPerDocument = 10;

/** Seconds since 1970: any date, the same in every run. */
const changeTime = Date.UTC(2026, 0, 1) / 1000;

/** `text` is spliced at its end; everything else is assigned. */
export interface SmallDocument {
  readonly initial: Readonly<Record<string, string | number | boolean>>;
  readonly changes: readonly { readonly key: string; readonly value: string | number | boolean }[];
}

/** The text that grows in `notes`; all other strings are never changed. */
export const textKey = "text";

const words =
  "buy milk bread call mother write report fix bike plan trip read book clean kitchen water plants pay rent send mail paint door".split(
    " ",
  );

export function documentName(index: number): string {
  return `document-${index}`;
}

export function documentIdOf(index: number): DocumentId {
  const binary = createHash("sha256").update(documentName(index)).digest().subarray(0, 16);
  return interpretAsDocumentId(new Uint8Array(binary) as BinaryDocumentId);
}

export function smallDocument(kind: "tasks" | "notes", index: number): SmallDocument {
  const random = createRandom(index + 1);
  const below = (limit: number): number => Math.floor(random() * limit);
  const word = (): string => words[below(words.length)]!;
  const count = changesPerDocument - 1;
  if (kind === "tasks")
    return {
      initial: { title: `Task ${index}`, done: false, n: 0 },
      changes: Array.from({ length: count }, (_, n) => ({ key: "n", value: n })),
    };
  let done = false;
  return {
    initial: {
      title: `${word()} ${word()} ${word()}`,
      done,
      priority: below(5),
      [textKey]: "",
    },
    changes: Array.from({ length: count }, () => {
      const which = below(3);
      if (which === 0) return { key: "done", value: (done = !done) };
      if (which === 1) return { key: "priority", value: below(5) };
      return { key: textKey, value: `${word()} ` };
    }),
  };
}

function actorOf(index: number): string {
  return createHash("sha256").update(`actor-${index}`).digest("hex").slice(0, 32);
}

export function automergeText(edits: number): A.Doc<{ text: string }> {
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

export function automergeSmall(kind: "tasks" | "notes", index: number): A.Doc<unknown> {
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

/** What a client that has read everything has seen: the length of the text, or of all titles together. */
export function expectedReading({ kind, count }: Dataset): number {
  if (kind === "text") return applyToText("", readTrace("automerge-paper", count)).length;
  let length = 0;
  for (let index = 0; index < count; index++)
    length += String(smallDocument(kind, index).initial["title"]).length;
  return length;
}

/** How much of that one document has. */
export function readingOf(kind: DatasetKind, content: Readonly<Record<string, unknown>>): number {
  return String(content[kind === "text" ? textKey : "title"]).length;
}
