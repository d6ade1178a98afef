/** What all dialogs do: close by their button, by Escape (the browser's part) and by a press beside them. */

export function prepareDialog(dialog: HTMLDialogElement): void {
  for (const button of dialog.querySelectorAll("[data-close]"))
    button.addEventListener("click", () => dialog.close());
  // Pressed and released beside it: a selection dragged out of a field must not close it.
  let pressedBeside = false;
  dialog.addEventListener("pointerdown", (event) => {
    pressedBeside = isBeside(dialog, event);
  });
  dialog.addEventListener("click", (event) => {
    if (pressedBeside && event.target === dialog && isBeside(dialog, event)) dialog.close();
    pressedBeside = false;
  });
}

function isBeside(dialog: HTMLDialogElement, { clientX, clientY }: MouseEvent): boolean {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
