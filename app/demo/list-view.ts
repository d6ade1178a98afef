/** The items of one document, in their order. Rows are kept from one state to the next, with focus and caret. */
import type { Presence } from "presync";
import { announce } from "./announcer.ts";
import type { Caret } from "./carets.ts";
import { byId, setText } from "./dom.ts";
import { showGuests } from "./guest-list.ts";
import type { ItemView } from "./item-view.ts";
import { createItemView } from "./item-view.ts";
import type { ListHandle } from "./list-document.ts";
import { deleteItems, itemsOf, moveItem, setDone, writeText } from "./list-document.ts";
import { showUndo } from "./undo-toast.ts";
import type { Place, Visitor } from "./visitors.ts";
import { browserName, guestsOf, indexOf as placeIn, placeAt } from "./visitors.ts";

/** Returns what ends it, and takes the items off the page. */
export function showList(list: ListHandle, presence: Presence<Visitor>): () => void {
  const sheet = byId("sheet", HTMLElement);
  const container = byId("items", HTMLUListElement);
  const empty = byId("empty", HTMLElement);
  const tally = byId("tally", HTMLElement);
  const tallyWords = byId("tally-words", HTMLElement);
  const clearDone = byId("clear-done", HTMLButtonElement);
  const views = new Map<string, ItemView>();
  const closing = new AbortController();
  const name = browserName(navigator.userAgent);
  const say = (at: Place | null): void => presence.set({ name, at });

  const createView = (id: string): ItemView =>
    createItemView(id, {
      read: (key) => list.doc().items[id]?.[key],
      write: (key, text) => writeText(list, id, key, text),
      caretAt: (at) => say(at && placeAt(list, id, at.key, at.index)),
      setDone: (done) => setDone(list, id, done),
      moveBy(places) {
        const to = indexOf(id) + places;
        const { length } = itemsOf(list);
        if (to < 0 || to >= length) return;
        moveItem(list, id, to);
        announce(`Moved to place ${to + 1} of ${length}`);
      },
      delete() {
        const at = indexOf(id);
        showUndo(list, deleteItems(list, [id]));
        const next = itemsOf(list)[at] ?? itemsOf(list).at(-1);
        if (next === undefined) sheet.focus();
        else views.get(next.id)?.focus();
      },
    });

  const indexOf = (id: string): number => itemsOf(list).findIndex((item) => item.id === id);

  const show = (): void => {
    const items = itemsOf(list);
    const present = new Set(items.map(({ id }) => id));
    for (const [id, view] of views)
      if (!present.has(id)) {
        view.element.remove();
        views.delete(id);
      }
    const elements: HTMLElement[] = [];
    for (const [index, item] of items.entries()) {
      const view = views.get(item.id) ?? createView(item.id);
      views.set(item.id, view);
      view.update(item, index, items.length);
      elements.push(view.element);
    }
    arrange(container, elements);
    const done = items.filter((item) => item.done).length;
    empty.hidden = items.length > 0;
    tally.hidden = items.length === 0;
    clearDone.hidden = done === 0;
    setText(tallyWords, done === 0 ? itemsWords(items.length) : `${done} of ${items.length} done`);
  };

  const showOthers = (): void => {
    const guests = guestsOf(presence.others);
    showGuests(guests);
    for (const [id, view] of views) {
      const carets: Record<Place["key"], Caret[]> = { text: [], note: [] };
      for (const guest of guests) {
        const index = guest.at?.item === id ? placeIn(list, guest.at) : null;
        if (guest.at !== null && index !== null) carets[guest.at.key].push({ guest, index });
      }
      view.showCarets(carets);
    }
  };

  const showAll = (): void => {
    show();
    // Carets move with the letters.
    showOthers();
  };

  const clear = (): void => {
    const done = itemsOf(list).filter((item) => item.done);
    const ids = done.map(({ id }) => id);
    showUndo(list, deleteItems(list, ids));
    // The button that had the focus is gone. (Not the text field: on a phone the keyboard would come up.)
    byId("toast-undo", HTMLButtonElement).focus();
  };

  list.on("change", showAll);
  clearDone.addEventListener("click", clear, { signal: closing.signal });
  show();
  sheet.ariaBusy = "false";
  say(null);
  presence.subscribe(showOthers);

  return () => {
    list.off("change", showAll);
    closing.abort();
    presence.close();
    showGuests([]);
    for (const part of [empty, tally]) part.hidden = true;
    container.replaceChildren();
    sheet.ariaBusy = "true";
  };
}

/** Moves as few rows as possible, and gives the focus back to the one that lost it by moving. */
function arrange(container: HTMLElement, elements: readonly HTMLElement[]): void {
  const focused = document.activeElement;
  for (const [index, element] of elements.entries()) {
    const there = container.children[index];
    if (there !== element) container.insertBefore(element, there ?? null);
  }
  const lost = focused instanceof HTMLElement && document.activeElement !== focused;
  if (lost && container.contains(focused)) focused.focus({ preventScroll: true });
}

function itemsWords(count: number): string {
  return count === 1 ? "1 item" : `${count} items`;
}
