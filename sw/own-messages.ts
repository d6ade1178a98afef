/**
 * Which messages are presync's. An app's own worker has messages of its own, of any shape, and some may be named like
 * ours: what does not look like one of ours is left alone.
 */
import type { ToWorker } from "../shared/wire.ts";

type Fields = Readonly<Record<string, unknown>>;

/** By what a message of each type is known, whatever version of presync the page has. */
const marks: Readonly<Record<ToWorker["type"], (fields: Fields) => boolean>> = {
  hello: ({ protocol, tab }) => typeof protocol === "number" && typeof tab === "string",
  "hand-over": ({ version }) => typeof version === "number",
  // It has nothing else to be known by. To take another's for ours does no harm: it is not answered.
  awake: () => true,
};

/** `data` where it is a message from one of presync's pages, of any version; null otherwise. */
export function ownMessage(data: unknown): ToWorker | null {
  if (typeof data !== "object" || data === null) return null;
  const { type } = data as Fields;
  if (typeof type !== "string" || !Object.hasOwn(marks, type)) return null;
  return marks[type as ToWorker["type"]](data as Fields) ? (data as ToWorker) : null;
}
