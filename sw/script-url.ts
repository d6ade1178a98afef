/**
 * The address of the script this function is bundled into, which `importScripts` may have brought from another folder
 * than the worker's own. A classic worker has neither `import.meta` nor `document.currentScript`; the stack of an error
 * names the script in every browser: `at f (https://…/x.js:1:2)` in Chromium, `f@https://…/x.js:1:2` elsewhere. Firefox, when it starts a
 * worker again, names a script as `importScripts` was given it: relative to the worker.
 */
export function scriptUrl(worker: string): string {
  const { stack = "" } = new Error("here");
  const [, found] = /(?:@|\(|at )(\S+?):\d+:\d+/.exec(stack) ?? [];
  return new URL(found ?? "", worker).href;
}
