import { engineOf } from "./engine.ts";
import type { Tab } from "./tab.ts";

/** Edits in a tab and leaves it at once: both are under way before either has happened. */
export async function lastWords(
  tab: Tab,
  item: string,
  how: "closed" | "navigated away",
): Promise<void> {
  const edit = tab.add(item);
  // Nobody may be left to answer.
  const over = edit.catch(() => undefined);
  // Firefox cuts a script off, in the middle of the edit, when it closes the page it runs in.
  if (engineOf() === "firefox") await edit;
  await (how === "closed" ? tab.close() : tab.goto("about:blank"));
  await over;
}
