/** The badge in the header: where the user's work is, in a few words, an icon and a colour. */
import type { Status, Subscribable } from "presync";
import { announce } from "./announcer.ts";
import type { Badge } from "./badge.ts";
import { badgeOf, severity, startingBadge } from "./badge.ts";
import { byId, setText } from "./dom.ts";
import { createSettled } from "./settle.ts";

/** Shorter gaps between two "Saving…" are not worth a word. */
const calmMs = 250;

/** What is read out aloud must have lasted: nobody wants to hear every letter being saved. */
const announceMs = 2_000;

export function showStatusBadge(status: Subscribable<Status>): void {
  const button = byId("status", HTMLButtonElement);
  const words = byId("status-words", HTMLElement);
  const icon = byId("status-icon", SVGUseElement);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let announced = startingBadge.state;

  const announceLater = (badge: Badge): void => {
    clearTimeout(timer);
    if (badge.state === "saving" || badge.state === announced) return;
    timer = setTimeout(() => {
      // That all is well at the beginning is no news.
      if (announced !== "starting" || severity[badge.state] > 0) announce(badge.words);
      announced = badge.state;
    }, announceMs);
  };

  const show = createSettled<Badge>(
    (badge) => {
      button.dataset["state"] = badge.state;
      icon.setAttribute("href", `#icon-${badge.state}`);
      setText(words, badge.words);
      announceLater(badge);
    },
    (badge) => severity[badge.state],
    calmMs,
  );
  button.disabled = false;
  status.subscribe((now) => show(badgeOf(now)));
}
