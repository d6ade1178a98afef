/** Deleting asks nothing, and can be taken back for a while. */
import { announce } from "./announcer.ts";
import { byId, onClick, setText } from "./dom.ts";
import type { ItemWithId, ListHandle } from "./list-document.ts";
import { restoreItems } from "./list-document.ts";

/** Long enough to notice, and to get there with the keyboard; never while it is being used. */
const shownMs = 12_000;

let open = new AbortController();

export function showUndo(list: ListHandle, items: readonly ItemWithId[]): void {
  hideUndo();
  const [first] = items;
  if (first === undefined) return;
  open = new AbortController();
  const { signal } = open;
  const toast = byId("toast", HTMLElement);
  const what = items.length === 1 ? `“${first.text}”` : `${items.length} items`;
  setText(byId("toast-words", HTMLElement), `Deleted ${what}`);
  toast.hidden = false;
  announce(`Deleted ${what}. It can be undone at the end of the page.`);

  const undo = (): void => {
    restoreItems(list, items);
    hideUndo();
    announce(`Restored ${what}`);
    byId("sheet", HTMLElement).focus();
  };
  const waitMore = (): void => {
    const timer = setTimeout(() => {
      if (toast.matches(":hover, :has(:focus-visible)")) waitMore();
      else hideUndo();
    }, shownMs);
    signal.addEventListener("abort", () => clearTimeout(timer));
  };
  onClick("toast-undo", undo, { signal });
  onClick("toast-close", hideUndo, { signal });
  waitMore();
}

/** Also when another user's list is shown: what was deleted was never that one's. */
export function hideUndo(): void {
  open.abort();
  byId("toast", HTMLElement).hidden = true;
}
