/** Real editing sessions; origin and licence are in `traces/README.md`. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export type TraceName = "automerge-paper" | "sveltecomponent";

/** One keystroke: where, how many characters go, which come. */
export type Patch = readonly [position: number, deleted: number, inserted: string];

interface TraceFile {
  readonly startContent: string;
  readonly txns: readonly { readonly patches: readonly Patch[] }[];
}

/** The first `editsMax` edits; an edit may have several patches, to be applied in turn. */
export function readTrace(name: TraceName, editsMax: number): readonly (readonly Patch[])[] {
  const file = new URL(`traces/${name}.json.gz`, import.meta.url);
  const { startContent, txns } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as TraceFile;
  if (startContent !== "") throw new Error("a trace that does not begin with an empty text");
  return txns.slice(0, editsMax).map(({ patches }) => patches);
}

export function applyToText(text: string, edits: readonly (readonly Patch[])[]): string {
  let result = text;
  for (const edit of edits)
    for (const [position, deleted, inserted] of edit)
      result = result.slice(0, position) + inserted + result.slice(position + deleted);
  return result;
}
