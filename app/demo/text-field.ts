/** Binds an input or a textarea to a collaborative text: both ways, with the caret kept where it was. */
import { editBetween, mapPosition, mergeTexts } from "./text-merge.ts";

export interface TextField {
  /** Brings the field up to date with the text. */
  update(): void;
}

export interface TextSource {
  /** Undefined once the text is gone. */
  readonly read: () => string | undefined;
  readonly write: (text: string) => void;
}

export function createTextField(
  field: HTMLInputElement | HTMLTextAreaElement,
  { read, write }: TextSource,
): TextField {
  /** What the field held when it was last in step with the text. */
  let base = "";
  let composing = false;

  const update = (): void => {
    const text = read();
    // An input method keeps what it composes in the field: to change it now would break it off.
    if (text === undefined || composing) return;
    base = text;
    if (field.value === text) return;
    const edit = editBetween(field.value, text);
    const { selectionStart, selectionEnd, selectionDirection } = field;
    field.value = text;
    if (document.activeElement === field)
      field.setSelectionRange(
        mapPosition(edit, selectionStart ?? 0),
        mapPosition(edit, selectionEnd ?? 0),
        selectionDirection ?? "none",
      );
  };

  const takeOver = (): void => {
    const text = read();
    if (text === undefined) return;
    const merged = mergeTexts(base, field.value, text);
    base = field.value;
    write(merged);
    update();
  };

  field.addEventListener("input", takeOver);
  field.addEventListener("compositionstart", () => {
    composing = true;
  });
  field.addEventListener("compositionend", () => {
    composing = false;
    takeOver();
  });
  return { update };
}
