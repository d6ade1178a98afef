/** The field for new items. It takes text before the list is there, and keeps it until it can be added. */
import { byId } from "./dom.ts";

/** Calls `add` with each new item; false says that there is no list yet. Returns "try again now". */
export function createComposer(add: (text: string) => boolean): () => void {
  const form = byId("composer", HTMLFormElement);
  const field = byId("new-item", HTMLInputElement);
  let waiting = false;

  const submit = (): void => {
    const text = field.value.trim();
    if (text !== "") waiting = !add(text);
    if (!waiting) field.value = "";
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
    field.focus();
  });
  field.addEventListener("input", () => {
    waiting = false;
  });
  return () => {
    if (waiting) submit();
  };
}
