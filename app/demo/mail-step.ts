/** Signs in with a mailed link, or with the code that it shows where it was opened elsewhere. */
import { byId, onClick, setMessage, setText } from "./dom.ts";
import { codeOf, mailWords, typedCodeWords } from "./problem-words.ts";
import type { SignInStep } from "./sign-in-step.ts";
import { submitting } from "./sign-in-step.ts";

export interface MailSignIn {
  /** Sends the mail. */
  readonly ask: (email: string) => Promise<void>;
  readonly finish: (code: string) => Promise<void>;
}

export function createMailStep({ ask, finish }: MailSignIn): SignInStep {
  const mailForm = byId("mail-form", HTMLFormElement);
  const codeForm = byId("code-form", HTMLFormElement);
  const address = byId("mail-address", HTMLInputElement);
  const code = byId("mail-code", HTMLInputElement);

  const show = (form: HTMLFormElement): void => {
    mailForm.hidden = form !== mailForm;
    codeForm.hidden = form !== codeForm;
  };

  const showCodeForm = (sentTo: string | null): void => {
    const words = `A mail is on its way to ${sentTo}. Open its link in this browser, within a quarter of an hour.`;
    setText(byId("mail-sent", HTMLElement), sentTo === null ? "" : words);
    show(codeForm);
    code.focus();
  };

  const send = async (email: string): Promise<void> => {
    await ask(email);
    showCodeForm(email);
  };

  mailForm.addEventListener("submit", (event) => {
    event.preventDefault();
    setError(address, "mail-error", null);
    submitting(byId("mail-submit", HTMLButtonElement), send(address.value.trim())).catch(
      (failure: unknown) => setError(address, "mail-error", mailWords(codeOf(failure))),
    );
  });
  codeForm.addEventListener("submit", (event) => {
    event.preventDefault();
    setError(code, "code-error", null);
    submitting(byId("code-submit", HTMLButtonElement), finish(code.value)).catch(
      (failure: unknown) => setError(code, "code-error", typedCodeWords(codeOf(failure))),
    );
  });
  onClick("have-code", () => showCodeForm(null));
  onClick("mail-again", () => {
    show(mailForm);
    address.focus();
  });

  return {
    open: () => address.focus(),
    close() {
      show(mailForm);
      for (const field of [address, code]) field.value = "";
      setError(address, "mail-error", null);
      setError(code, "code-error", null);
    },
  };
}

function setError(field: HTMLInputElement, id: string, words: string | null): void {
  setMessage(byId(id, HTMLElement), words);
  field.setAttribute("aria-invalid", String(words !== null));
  if (words !== null) field.focus();
}
