/** Signing in with a secret key: a new one, or one the user has. */
import type { Presync } from "presync";
import { prepareDialog } from "./dialog.ts";
import { byId, onClick, setText } from "./dom.ts";
import { createKnownKeyStep } from "./known-key-step.ts";
import { createNewKeyStep } from "./new-key-step.ts";
import type { SignInStep } from "./sign-in-step.ts";

type StepName = "choose" | "new" | "known";

const titles: Readonly<Record<StepName, string>> = {
  choose: "Sign in",
  new: "Your new key",
  known: "Sign in with your key",
};

/** Returns what opens the dialog. */
export function createSignInDialog(presync: Presync): () => void {
  const dialog = byId("sign-in-dialog", HTMLDialogElement);
  const back = byId("sign-in-back", HTMLButtonElement);
  const signIn = async (secretKey: string): Promise<void> => {
    await presync.signIn("key", { secretKey });
    dialog.close();
    // The button that opened it is gone.
    byId("status", HTMLElement).focus();
  };
  const steps: Readonly<Record<StepName, SignInStep>> = {
    choose: { open: () => byId("choose-new", HTMLButtonElement).focus(), close() {} },
    new: createNewKeyStep(() => presync.newSecretKey(), signIn),
    known: createKnownKeyStep(signIn),
  };
  let current: StepName = "choose";

  const show = (name: StepName): void => {
    steps[current].close();
    current = name;
    setText(byId("sign-in-title", HTMLElement), titles[name]);
    back.hidden = name === "choose";
    for (const each of Object.keys(steps)) byId(`${each}-step`, HTMLElement).hidden = each !== name;
    if (dialog.open) steps[name].open();
  };

  prepareDialog(dialog);
  onClick("choose-new", () => show("new"));
  onClick("choose-known", () => show("known"));
  back.addEventListener("click", () => show("choose"));
  dialog.addEventListener("close", () => show("choose"));

  return () => {
    // Who is signed in has a key already.
    const isSignedIn = presync.status.get().user !== null;
    dialog.showModal();
    show(isSignedIn ? "known" : "choose");
  };
}
