/** Tells users of screen readers what the page shows by its looks alone. */
import { byId } from "./dom.ts";

export function announce(words: string): void {
  const place = byId("announcer", HTMLElement);
  // The same words again are news again only where the text has changed.
  place.textContent = place.textContent === words ? `${words}\u00A0` : words;
}
