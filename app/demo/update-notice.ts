/** Offers the newer version, once there is one; nobody is reloaded while they type. */
import type { Presync } from "presync";
import { announce } from "./announcer.ts";
import { byId, onClick, setText } from "./dom.ts";
import { codeOf, problemWords } from "./problem-words.ts";

const offers = {
  available: "A newer version is ready.",
  required: "There is a newer version. Your changes are kept on this device; update to sync them.",
} as const;

export function offerUpdates(presync: Presync): void {
  const notice = byId("update", HTMLElement);
  const words = byId("update-words", HTMLElement);
  const button = byId("update-now", HTMLButtonElement);
  let offered: keyof typeof offers | "none" = "none";

  presync.status.subscribe(({ update: offer }) => {
    if (offer === offered) return;
    offered = offer;
    notice.hidden = offer === "none";
    if (offer === "none") return;
    setText(words, offers[offer]);
    announce(offers[offer]);
  });
  onClick("update-now", () => {
    button.disabled = true;
    presync.update().catch((error: unknown) => {
      button.disabled = false;
      setText(words, `The page stays as it is. ${problemWords[codeOf(error)]}`);
    });
  });
}
