/** A named document in a component. */
import { useSyncExternalStore } from "react";
import type { Presync } from "../client/connect.ts";
import type { DocumentStore, OpenedDocument } from "./document-store.ts";
import { createDocumentStore } from "./document-store.ts";
import { usePresync } from "./provider.ts";

/** Components that show one document share one store, so that they never show two states of it. */
const stores = new WeakMap<Presync, Map<string, unknown>>();

function storeOf<T extends object>(presync: Presync, name: string, init: T): DocumentStore<T> {
  const known = stores.get(presync) ?? new Map<string, unknown>();
  stores.set(presync, known);
  // What may be born is empty containers and scalars, so its text says all of it; the object is new at every rendering.
  const key = JSON.stringify([name, init]);
  const found = known.get(key) as DocumentStore<T> | undefined;
  if (found !== undefined) return found;
  const store = createDocumentStore<T>(presync, name, init);
  known.set(key, store);
  return store;
}

/**
 * The current user's document of that name, and the function that changes it; the component renders anew with every change,
 * made here or elsewhere. `name` and `init` are those of `presync.open`.
 *
 * ```tsx
 * const [todos, changeTodos, { error }] = useDocument("todos", { items: [] as string[] });
 * ```
 *
 * The document is `undefined` until it is open, and again when another user becomes current, until that one's is
 * open. It is immutable, and what has not changed keeps its identity. Errors of `presync.open` are in `error`: `invalid-argument`,
 * `version-mismatch`, `closed`, or what the device's disk has to say.
 */
export function useDocument<T extends object>(name: string, init: T): OpenedDocument<T> {
  const store = storeOf(usePresync(), name, init);
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
