/** One item: a calm row, and behind it a panel with the item's text, its note and what can be done with it. */
import { copyOf, part, setText } from "./dom.ts";
import type { ItemWithId } from "./list-document.ts";
import { createTextField } from "./text-field.ts";

export interface ItemActions {
  read(key: "text" | "note"): string | undefined;
  write(key: "text" | "note", text: string): void;
  setDone(done: boolean): void;
  /** By so many places, down where positive. */
  moveBy(places: number): void;
  delete(): void;
}

export interface ItemView {
  readonly element: HTMLElement;
  update(item: ItemWithId, index: number, count: number): void;
  focus(): void;
}

export function createItemView(id: string, actions: ItemActions): ItemView {
  const element = copyOf("item-template");
  const done = part(element, "done", HTMLInputElement);
  const summary = part(element, "summary", HTMLButtonElement);
  const text = part(element, "text", HTMLElement);
  const preview = part(element, "preview", HTMLElement);
  const panel = part(element, "panel", HTMLElement);
  const up = part(element, "up", HTMLButtonElement);
  const down = part(element, "down", HTMLButtonElement);
  const title = part(element, "title", HTMLInputElement);
  const fields = [
    createTextField(title, {
      read: () => actions.read("text"),
      write: (value) => actions.write("text", value),
    }),
    createTextField(part(element, "note", HTMLTextAreaElement), {
      read: () => actions.read("note"),
      write: (value) => actions.write("note", value),
    }),
  ];

  const isOpen = (): boolean => !panel.hidden;
  const setOpen = (open: boolean): void => {
    panel.hidden = !open;
    summary.setAttribute("aria-expanded", String(open));
    element.classList.toggle("open", open);
  };

  element.dataset["id"] = id;
  panel.id = `panel-${id}`;
  summary.setAttribute("aria-controls", panel.id);
  summary.addEventListener("click", () => setOpen(!isOpen()));
  done.addEventListener("change", () => actions.setDone(done.checked));
  up.addEventListener("click", () => actions.moveBy(-1));
  down.addEventListener("click", () => actions.moveBy(1));
  part(element, "delete", HTMLButtonElement).addEventListener("click", () => actions.delete());
  title.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) close();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen()) close();
    // Inside of a text these keys move the caret.
    const moves = event.altKey && (event.target === summary || event.target === done);
    if (!moves || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    actions.moveBy(event.key === "ArrowUp" ? -1 : 1);
  });

  function close(): void {
    setOpen(false);
    summary.focus();
  }

  return {
    element,
    update(item, index, count) {
      const name = item.text.trim() === "" ? "Untitled" : item.text;
      const firstLine = item.note.trim().split("\n", 1)[0] ?? "";
      setText(text, name);
      setText(preview, firstLine);
      preview.hidden = firstLine === "";
      done.checked = item.done;
      done.setAttribute("aria-label", `Done: ${name}`);
      element.classList.toggle("done", item.done);
      // Not `disabled`: a button that has the focus would lose it at the end of the list.
      up.setAttribute("aria-disabled", String(index === 0));
      down.setAttribute("aria-disabled", String(index === count - 1));
      for (const field of fields) field.update();
    },
    focus: () => summary.focus(),
  };
}
