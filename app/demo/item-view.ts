/** One item: a calm row, and behind it a panel with the item's text, its note and what can be done with it. */
import type { Caret } from "./carets.ts";
import { createCarets } from "./carets.ts";
import { copyOf, part, setText } from "./dom.ts";
import { signOf } from "./guest-list.ts";
import type { ItemWithId } from "./list-document.ts";
import { createTextField } from "./text-field.ts";

export interface ItemActions {
  read(key: "text" | "note"): string | undefined;
  write(key: "text" | "note", text: string): void;
  /** Where this page's user writes now, in units of UTF-16; null: nowhere in here any more. */
  caretAt(place: { readonly key: "text" | "note"; readonly index: number } | null): void;
  setDone(done: boolean): void;
  /** By so many places, down where positive. */
  moveBy(places: number): void;
  delete(): void;
}

export interface ItemView {
  readonly element: HTMLElement;
  update(item: ItemWithId, index: number, count: number): void;
  /** Those of others who write in this item. */
  showCarets(carets: Readonly<Record<"text" | "note", readonly Caret[]>>): void;
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
  const note = part(element, "note", HTMLTextAreaElement);
  const marks = part(element, "marks", HTMLElement);
  const inputs = { text: title, note };
  const fields = (["text", "note"] as const).map((key) =>
    createTextField(inputs[key], {
      read: () => actions.read(key),
      write: (value) => actions.write(key, value),
    }),
  );
  const carets = { text: createCarets(title), note: createCarets(note) };

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
  for (const key of ["text", "note"] as const) {
    const input = inputs[key];
    const tell = (): void => actions.caretAt({ key, index: input.selectionEnd ?? 0 });
    for (const type of ["focus", "input", "keyup", "pointerup", "selectionchange"])
      input.addEventListener(type, () => document.activeElement === input && tell());
    input.addEventListener("blur", () => actions.caretAt(null));
  }
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
    showCarets(others) {
      carets.text(others.text);
      carets.note(others.note);
      const guests = [...others.text, ...others.note].map(({ guest }) => guest);
      const words = guests.map(({ name }) => `${name} writes here`).join(", ");
      marks.hidden = guests.length === 0;
      part(marks, "mark-words", HTMLElement).textContent = words === "" ? "" : `, ${words}`;
      part(marks, "mark-signs", HTMLElement).replaceChildren(...guests.map(signOf));
    },
    focus: () => summary.focus(),
  };
}
