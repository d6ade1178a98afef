/** Shows a new key once, and signs in with it after the user has said that it is kept. */
import { byId, onClick, setMessage, setText } from "./dom.ts";
import { codeOf, signInWords } from "./problem-words.ts";
import type { SignInStep } from "./sign-in-step.ts";
import { submitting } from "./sign-in-step.ts";

const fileName = "shared-list-key.txt";

export function createNewKeyStep(
  newKey: () => string,
  signIn: (secretKey: string) => Promise<void>,
): SignInStep {
  const form = byId("new-step", HTMLFormElement);
  const shown = byId("new-key", HTMLElement);
  const field = byId("new-key-field", HTMLInputElement);
  const kept = byId("key-kept", HTMLInputElement);
  const submit = byId("new-key-submit", HTMLButtonElement);
  const hint = byId("key-kept-hint", HTMLElement);
  const error = byId("new-key-error", HTMLElement);
  let key = "";

  const show = (next: string): void => {
    key = next;
    field.value = next;
    setText(shown, next);
    setText(hint, "");
    setMessage(error, null);
    kept.checked = false;
    submit.disabled = true;
  };

  onClick("copy-key", () => {
    navigator.clipboard.writeText(key).then(
      () => setText(hint, "Copied"),
      () => setText(hint, "Copying was refused: select the key instead"),
    );
  });
  onClick("download-key", () => {
    download(fileName, `Secret key of the shared list at ${location.origin}\n\n${key}\n`);
    setText(hint, `Saved as ${fileName}`);
  });
  kept.addEventListener("change", () => {
    submit.disabled = !kept.checked;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!kept.checked) return;
    setMessage(error, null);
    submitting(submit, signIn(key)).catch((failure: unknown) => {
      const code = codeOf(failure);
      // This key has no typing error: what is missing is the service.
      setMessage(error, signInWords(code === "invalid-argument" ? "unreachable" : code));
    });
  });

  return {
    open() {
      show(newKey());
      byId("copy-key", HTMLButtonElement).focus();
    },
    close: () => show(""),
  };
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
