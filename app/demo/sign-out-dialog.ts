/** Signing out: with a copy kept in this browser or without; and never with a loss nobody agreed to. */
import type { Presync } from "presync";
import { pendingWords } from "./badge.ts";
import { prepareDialog } from "./dialog.ts";
import { byId, onClick, setMessage, setText } from "./dom.ts";
import { codeOf, problemWords } from "./problem-words.ts";

interface Choice {
  readonly forget: boolean;
  readonly discardUnsaved?: boolean;
}

/** Returns what opens the dialog. */
export function createSignOutDialog(presync: Presync): () => void {
  const dialog = byId("sign-out-dialog", HTMLDialogElement);
  const choose = byId("sign-out-choose", HTMLElement);
  const unsaved = byId("sign-out-unsaved", HTMLElement);
  const busy = byId("sign-out-busy", HTMLElement);
  const error = byId("sign-out-error", HTMLElement);
  const buttons = [...dialog.querySelectorAll("button")];

  const showUnsaved = (): void => {
    const { words, isOne } = pendingWords(presync.status.get().pending);
    const [verb, them] = isOne ? ["is", "it"] : ["are", "them"];
    choose.hidden = true;
    unsaved.hidden = false;
    setText(
      byId("sign-out-unsaved-words", HTMLElement),
      `The cloud does not have everything yet: ${words} on this device ${verb} still to be sent. Erasing now loses ${them} for good.`,
    );
    byId("sign-out-return", HTMLButtonElement).focus();
  };

  const signOut = async (choice: Choice): Promise<void> => {
    setMessage(error, null);
    // What is unsent gets a moment to leave.
    setText(busy, "Signing out…");
    for (const button of buttons) button.disabled = true;
    let code: ReturnType<typeof codeOf> | null = null;
    try {
      await presync.signOut(choice);
    } catch (failure) {
      code = codeOf(failure);
    } finally {
      setText(busy, "");
      for (const button of buttons) button.disabled = false;
    }
    if (code === null) {
      dialog.close();
      // The button that opened it is gone.
      byId("status", HTMLElement).focus();
    } else if (code === "unsaved") showUnsaved();
    else setMessage(error, `Signing out did not work. ${problemWords[code]} (${code})`);
  };

  prepareDialog(dialog);
  onClick("sign-out-keep", () => void signOut({ forget: false }));
  onClick("sign-out-erase", () => void signOut({ forget: true }));
  onClick("sign-out-discard", () => void signOut({ forget: true, discardUnsaved: true }));
  onClick("sign-out-return", () => dialog.close());

  return () => {
    choose.hidden = false;
    unsaved.hidden = true;
    setMessage(error, null);
    dialog.showModal();
    byId("sign-out-keep", HTMLButtonElement).focus();
  };
}
