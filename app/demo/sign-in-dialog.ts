/** Signing in: at a provider, with a mailed link, or with a secret key, a new one or one the user has. */
import type { Presync } from "presync";
import { createChooseStep } from "./choose-step.ts";
import { prepareDialog } from "./dialog.ts";
import { byId, onClick, setMessage, setText } from "./dom.ts";
import { createKnownKeyStep } from "./known-key-step.ts";
import { createMailStep } from "./mail-step.ts";
import { createNewKeyStep } from "./new-key-step.ts";
import { codeOf, providerWords } from "./problem-words.ts";
import type { SignInStep } from "./sign-in-step.ts";

type StepName = "choose" | "mail" | "new" | "known";

const titles: Readonly<Record<StepName, string>> = {
  choose: "Sign in",
  mail: "Sign in with email",
  new: "Your new key",
  known: "Sign in with your key",
};

/** For who was signed in so before; others leave the page. */
const stepsByWay: Readonly<Record<string, StepName>> = { key: "known", email: "mail" };

/** Returns what opens the dialog. */
export function createSignInDialog(presync: Presync): () => void {
  const dialog = byId("sign-in-dialog", HTMLDialogElement);
  const back = byId("sign-in-back", HTMLButtonElement);
  const finish = async (signingIn: Promise<void>): Promise<void> => {
    await signingIn;
    dialog.close();
    // The button that opened it is gone.
    byId("status", HTMLElement).focus();
  };
  const signIn = (secretKey: string): Promise<void> => finish(presync.signIn("key", { secretKey }));
  const steps: Readonly<Record<StepName, SignInStep>> = {
    choose: createChooseStep(presync, () => show("mail")),
    mail: createMailStep({
      ask: (email) => presync.signIn("email", { email }),
      finish: (code) => finish(presync.signIn("email", { code })),
    }),
    new: createNewKeyStep(() => presync.newSecretKey(), signIn),
    known: createKnownKeyStep(signIn),
  };
  let current: StepName = "choose";
  let signedIn = presync.status.get().user?.namespace;

  const show = (name: StepName): void => {
    steps[current].close();
    current = name;
    setText(byId("sign-in-title", HTMLElement), titles[name]);
    back.hidden = name === "choose";
    for (const each of Object.keys(steps)) byId(`${each}-step`, HTMLElement).hidden = each !== name;
    if (dialog.open) steps[name].open();
  };

  const open = (name: StepName): void => {
    dialog.showModal();
    show(name);
  };

  prepareDialog(dialog);
  onClick("choose-new", () => show("new"));
  onClick("choose-known", () => show("known"));
  back.addEventListener("click", () => show("choose"));
  dialog.addEventListener("close", () => show("choose"));

  presync.status.subscribe(({ user }) => {
    // In another tab, by a mailed link.
    if (user !== null && user.namespace !== signedIn) dialog.close();
    signedIn = user?.namespace;
  });

  return () => {
    // Who is signed in comes back the way he came.
    const [way] = presync.status.get().user?.namespace.split(":") ?? [];
    const withoutLeaving = way === undefined ? "choose" : stepsByWay[way];
    if (withoutLeaving === undefined) {
      presync.signIn(way!).catch((failure: unknown) => {
        open("choose");
        setMessage(byId("providers-error", HTMLElement), providerWords(codeOf(failure)));
      });
      return;
    }
    open(withoutLeaving);
  };
}
