/** Who is signed in, and the way in and out. */
import type { Presync, Status } from "presync";
import { createDevicesDialog } from "./devices-dialog.ts";
import { byId, setText } from "./dom.ts";
import { createSignInDialog } from "./sign-in-dialog.ts";
import { createSignOutDialog } from "./sign-out-dialog.ts";
import { shortName } from "./status-facts.ts";

export function showAccount(presync: Presync): void {
  const who = byId("who", HTMLElement);
  const signIn = byId("sign-in", HTMLButtonElement);
  const signOut = byId("sign-out", HTMLButtonElement);
  const devices = byId("devices", HTMLButtonElement);
  const emptyWords = byId("empty-words", HTMLElement);

  signIn.addEventListener("click", createSignInDialog(presync));
  signOut.addEventListener("click", createSignOutDialog(presync));
  devices.addEventListener("click", createDevicesDialog(presync));
  presync.status.subscribe(({ user, auth }: Status) => {
    const isEnded = auth === "expired" || auth === "revoked";
    setText(who, user === null ? "Not signed in" : `Signed in as ${shortName(user.namespace)}`);
    setText(signIn, user === null ? "Sign in" : "Sign in again");
    signIn.hidden = user !== null && !isEnded;
    signIn.disabled = false;
    signOut.hidden = user === null;
    devices.hidden = user === null || isEnded;
    setText(
      emptyWords,
      user === null
        ? "Write the first thing above. It is kept on this device, with or without a network."
        : "Write the first thing above. It appears on every device you sign in on.",
    );
  });
}
