/** Signs in with a key the user types, pastes, or has filled in by a password manager. */
import { byId, setMessage, setText } from "./dom.ts";
import { codeOf, signInWords } from "./problem-words.ts";
import type { SignInStep } from "./sign-in-step.ts";
import { submitting } from "./sign-in-step.ts";

export function createKnownKeyStep(signIn: (secretKey: string) => Promise<void>): SignInStep {
  const form = byId("known-step", HTMLFormElement);
  const field = byId("secret-key", HTMLInputElement);
  const showKey = byId("show-key", HTMLButtonElement);
  const error = byId("known-key-error", HTMLElement);

  const setVisible = (visible: boolean): void => {
    field.type = visible ? "text" : "password";
    showKey.setAttribute("aria-pressed", String(visible));
  };
  const setError = (words: string | null): void => {
    setMessage(error, words);
    field.setAttribute("aria-invalid", String(words !== null));
  };

  showKey.addEventListener("click", () => setVisible(field.type === "password"));
  field.addEventListener("input", () => setError(null));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = field.value.trim();
    if (key === "") {
      setError("Please enter your key.");
      field.focus();
      return;
    }
    setError(null);
    // Password managers remember a field of type password.
    setVisible(false);
    submitting(byId("known-key-submit", HTMLButtonElement), signIn(key)).catch(
      (failure: unknown) => {
        setError(signInWords(codeOf(failure)));
        field.focus();
      },
    );
  });

  return {
    open: () => field.focus(),
    close() {
      field.value = "";
      setVisible(false);
      setError(null);
      setText(error, "");
    },
  };
}
