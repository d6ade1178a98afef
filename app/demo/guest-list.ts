/** Who else is here, at the top of the page: a round sign for each, in a colour of its own. */
import { byId, element } from "./dom.ts";
import type { Guest } from "./visitors.ts";

/** Beyond these a number says how many more there are. */
const shownMax = 5;

export function showGuests(guests: readonly Guest[]): void {
  const place = byId("guests", HTMLUListElement);
  const [shown, rest] = [guests.slice(0, shownMax), guests.slice(shownMax)];
  const rows = shown.map((guest) => row(signOf(guest), guest.name, `${guest.name} is here`));
  if (rest.length > 0) {
    const names = rest.map(({ name }) => name).join("\n");
    rows.push(
      row(element("span", "sign more", `+${rest.length}`), names, `and ${rest.length} more`),
    );
  }
  place.replaceChildren(...rows);
  place.hidden = guests.length === 0;
}

/** The first letter, for eyes alone: whoever uses it says the name in words. */
export function signOf({ name, hue }: Guest): HTMLElement {
  const sign = element("span", "sign", name.charAt(0).toUpperCase());
  sign.dataset["hue"] = String(hue);
  return sign;
}

function row(sign: HTMLElement, title: string, words: string): HTMLElement {
  sign.setAttribute("aria-hidden", "true");
  const made = element("li", "", sign, element("span", "unseen", words));
  made.title = title;
  return made;
}
