/** One way to sign in, inside of the dialog. */
export interface SignInStep {
  open(): void;
  /** Leaves no key behind in the page. */
  close(): void;
}

/** Shows that something is under way, on the button that began it, and lets nobody begin it twice. */
export async function submitting(button: HTMLButtonElement, work: Promise<void>): Promise<void> {
  button.disabled = true;
  button.dataset["busy"] = "true";
  try {
    await work;
  } finally {
    button.disabled = false;
    delete button.dataset["busy"];
  }
}
