/** The ways in: at a provider or with a mailed link, where the service has that, or with a key. */
import type { Presync } from "presync";
import { byId, element, setMessage } from "./dom.ts";
import { codeOf, providerWords } from "./problem-words.ts";
import type { SignInStep } from "./sign-in-step.ts";
import { submitting } from "./sign-in-step.ts";

/** Of those that are not written as they are named. */
const spellings: Readonly<Record<string, string>> = { github: "GitHub", oidc: "OpenID" };

export function createChooseStep(presync: Presync, chooseMail: () => void): SignInStep {
  const providers = byId("providers", HTMLElement);
  const error = byId("providers-error", HTMLElement);

  const providerButton = (name: string): HTMLButtonElement => {
    const words = `Continue with ${spellings[name] ?? name}`;
    const button = element("button", "choice", element("strong", "", words));
    button.type = "button";
    button.dataset["testid"] = `sign-in-${name}`;
    button.addEventListener("click", () => {
      setMessage(error, null);
      if (name === "email") return chooseMail();
      // It ends with the page, unless something is wrong.
      submitting(button, presync.signIn(name)).catch((failure: unknown) =>
        setMessage(error, providerWords(codeOf(failure))),
      );
    });
    return button;
  };

  return {
    open() {
      byId("choose-new", HTMLButtonElement).focus();
      presync.signInMethods().then(
        (methods) =>
          providers.replaceChildren(
            ...methods.filter((name) => name !== "key").map(providerButton),
          ),
        // Without an answer there is the key, and trying it says what is wrong.
        () => providers.replaceChildren(),
      );
    },
    close: () => setMessage(error, null),
  };
}
