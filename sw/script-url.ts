/**
 * The address of the script this function is bundled into, which `importScripts` may have brought from another folder
 * than the worker's own. A classic worker has neither `import.meta` nor `document.currentScript`; the stack of an error
 * names the script in every browser: `at f (https://…/x.js:1:2)` in Chromium, `f@https://…/x.js:1:2` elsewhere.
 */
export function scriptUrl(otherwise: string): string {
  const [, found] = /(https?:\/\/\S+?):\d+:\d+/.exec(new Error("here").stack ?? "") ?? [];
  return found ?? otherwise;
}
