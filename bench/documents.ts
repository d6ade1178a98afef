/**
 * The documents that all systems sync: the same content in each system's own model. Ids, actors and times are derived
 * from seeds, so that the bytes are the same in every run.
 */
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
const changesPerDocument = 10;

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
