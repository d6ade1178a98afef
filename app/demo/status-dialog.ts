/** The details behind the badge, kept up to date while they are open. */
import type { Status, Subscribable } from "presync";
import { badgeOf } from "./badge.ts";
import { prepareDialog } from "./dialog.ts";
import { byId, element, onClick, setText } from "./dom.ts";
import type { Fact } from "./status-facts.ts";
import { factsOf } from "./status-facts.ts";

/** "2 minutes ago" must not stand there for an hour. */
const refreshMs = 10_000;

export function createStatusDialog(status: Subscribable<Status>): void {
  const dialog = byId("status-dialog", HTMLDialogElement);
  const verdict = byId("status-verdict", HTMLElement);
  const list = byId("status-facts", HTMLElement);
  let shown = "";

  const show = (): void => {
    if (!dialog.open) return;
    const now = status.get();
    const badge = badgeOf(now);
    setText(verdict, badge.words);
    verdict.dataset["state"] = badge.state;
    const facts = factsOf(now, Date.now());
    const next = JSON.stringify(facts);
    if (next === shown) return;
    shown = next;
    list.replaceChildren(...facts.map(rowOf));
  };

  prepareDialog(dialog);
  onClick("status", () => {
    dialog.showModal();
    show();
  });
  status.subscribe(show);
  setInterval(show, refreshMs);
}

function rowOf({ term, lines, code, isProblem = false }: Fact): HTMLElement {
  const row = element("div", isProblem ? "problem" : "", element("dt", "", term));
  for (const line of lines) row.append(element("dd", "", line));
  if (code !== undefined) row.append(element("dd", "", element("code", "", code)));
  return row;
}
