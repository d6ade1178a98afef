/**
 * The list as a document, made so that devices which edit offline converge to what their users expect:
 *
 * - an item is a map of its own under a random id, so different items never collide;
 * - `text` and `note` are collaborative texts: two people may write in one note at once, and every letter stays;
 * - `rank` gives the order (see ranks.ts); ticking, moving and writing touch different keys;
 * - an item is deleted by removing its key. That wins over whatever others did to it meanwhile.
 */
import type { DocHandle, Presync } from "presync";
import { Automerge } from "presync";
import { byRank, rankAtEnd, ranksToMove } from "./ranks.ts";

export interface Item {
  text: string;
  note: string;
  done: boolean;
  /** Milliseconds since 1970. */
  createdAt: number;
  rank: number;
}

export interface ItemWithId extends Readonly<Item> {
  readonly id: string;
}

export interface ListDocument {
  items: Record<string, Item>;
}

export type ListHandle = DocHandle<ListDocument>;

export function openList(presync: Presync): Promise<ListHandle> {
  return presync.open<ListDocument>("list", { items: {} });
}

/** The items in their order, as plain values. */
export function itemsOf(list: ListHandle): ItemWithId[] {
  const { items } = list.doc();
  return Object.entries(items)
    .map(([id, item]) => ({ id, ...item }))
    .toSorted(byRank);
}

export function addItem(list: ListHandle, text: string): void {
  const createdAt = Date.now();
  const rank = rankAtEnd(itemsOf(list), createdAt);
  list.change((draft) => {
    draft.items[crypto.randomUUID()] = { text, note: "", done: false, createdAt, rank };
  });
}

export function setDone(list: ListHandle, id: string, done: boolean): void {
  list.change((draft) => {
    const item = draft.items[id];
    if (item !== undefined) item.done = done;
  });
}

/** Changes the letters that differ; assigning the text would replace what others write in it at the same time. */
export function writeText(list: ListHandle, id: string, key: "text" | "note", text: string): void {
  const found = list.doc().items[id];
  if (found === undefined || found[key] === text) return;
  list.change((draft) => Automerge.updateText(draft, ["items", id, key], text));
}

export function moveItem(list: ListHandle, id: string, to: number): void {
  const ranks = ranksToMove(itemsOf(list), id, to);
  if (ranks.size === 0) return;
  list.change((draft) => {
    for (const [each, rank] of ranks) {
      const item = draft.items[each];
      if (item !== undefined) item.rank = rank;
    }
  });
}

/** Returns what was there, for `restoreItems`. */
export function deleteItems(list: ListHandle, ids: readonly string[]): readonly ItemWithId[] {
  const gone = itemsOf(list).filter(({ id }) => ids.includes(id));
  if (gone.length > 0)
    list.change((draft) => {
      for (const { id } of gone) delete draft.items[id];
    });
  return gone;
}

export function restoreItems(list: ListHandle, items: readonly ItemWithId[]): void {
  list.change((draft) => {
    for (const { id, ...item } of items) draft.items[id] ??= item;
  });
}
