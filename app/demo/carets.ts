/**
 * Others' carets in a text field. A field's own text cannot hold anything but text, so a copy of it that nobody sees lies
 * over the field, letter on letter, with the carets in between.
 */
import { element } from "./dom.ts";
import type { Guest } from "./visitors.ts";

export interface Caret {
  readonly guest: Guest;
  /** In the field's text, in units of UTF-16. */
  readonly index: number;
}

/** Returns what shows the carets; its parent must be laid out so that both cover the same place. */
export function createCarets(
  field: HTMLInputElement | HTMLTextAreaElement,
): (carets: readonly Caret[]) => void {
  const layer = element("div", "carets");
  layer.setAttribute("aria-hidden", "true");
  layer.dir = field.dir;
  layer.hidden = true;
  field.after(layer);

  const follow = (): void => {
    layer.scrollTop = field.scrollTop;
    layer.scrollLeft = field.scrollLeft;
  };
  field.addEventListener("scroll", follow);

  return (carets) => {
    layer.hidden = carets.length === 0;
    // Who looks for a text on the page is to find it once.
    if (layer.hidden) return layer.replaceChildren();
    const { value } = field;
    const parts: (Node | string)[] = [];
    let from = 0;
    for (const { guest, index } of carets.toSorted((a, b) => a.index - b.index)) {
      parts.push(value.slice(from, index), caretOf(guest));
      from = index;
    }
    // A line break at the end takes no room by itself.
    layer.replaceChildren(...parts, `${value.slice(from)}\u200B`);
    follow();
  };
}

function caretOf({ name, hue }: Guest): HTMLElement {
  const flag = element("span", "flag", name.split(" ", 1)[0]!.replace(",", ""));
  const caret = element("span", "caret", flag);
  caret.dataset["hue"] = String(hue);
  return caret;
}
