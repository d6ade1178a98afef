/** What stands in the list's place where there can be none. */
import { byId, setText } from "./dom.ts";
import { codeOf, startFailureWords } from "./problem-words.ts";

export function showStartFailure(error: unknown): void {
  console.error(error);
  const { title, words } = startFailureWords(codeOf(error));
  setText(byId("start-failure-title", HTMLElement), title);
  setText(byId("start-failure-words", HTMLElement), words);
  byId("start-failure", HTMLElement).hidden = false;
  byId("composer", HTMLElement).hidden = true;
  byId("sheet", HTMLElement).hidden = true;
  const badge = byId("status", HTMLButtonElement);
  badge.dataset["state"] = "failing";
  byId("status-icon", SVGUseElement).setAttribute("href", "#icon-failing");
  setText(byId("status-words", HTMLElement), "Not started");
  const reload = byId("start-failure-reload", HTMLButtonElement);
  reload.addEventListener("click", () => location.reload());
}
