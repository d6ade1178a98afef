/** A window of WebKitGTK under WebDriver. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DrivenPage, Evaluate, ProfileEvents } from "../driver.ts";
import type { WebDriverSession } from "./webdriver-session.ts";

/** What the scripts below answer with, as JSON. */
interface Answer {
  readonly state: "running" | "done" | "failed" | "gone";
  readonly value?: unknown;
  readonly thrown: readonly string[];
}

/**
 * WebDriver's own asynchronous script would occupy the session for as long as it runs. So the first of these only
 * starts the function, and the second one asks for what has become of it.
 */
const startScript = `
  const [id, argument] = arguments;
  const answers = (globalThis.presyncAnswers ??= {});
  const answer = (answers[id] = { state: "running" });
  const end = (state) => (value) => Object.assign(answer, { state, value });
  (async () => (RUN)(argument))().then(end("done"), (error) => end("failed")(String(error?.message ?? error)));`;
const askScript = `
  const [id] = arguments;
  const answer = globalThis.presyncAnswers?.[id] ?? { state: "gone" };
  if (answer.state !== "running" && globalThis.presyncAnswers) delete presyncAnswers[id];
  return JSON.stringify({ ...answer, thrown: globalThis.thrown?.splice(0) ?? [] });`;

/** Between two questions; most functions end at once. */
const pauseMsMax = 50;

export function webkitPage(
  session: WebDriverSession,
  handle: string,
  events: ProfileEvents,
): DrivenPage {
  let lastId = 0;
  const script = (text: string, ...args: unknown[]): Promise<unknown> =>
    session.sendIn(handle, "POST", "/execute/sync", { script: text, args });

  const run = async (code: unknown, argument?: unknown): Promise<unknown> => {
    const id = ++lastId;
    await script(
      startScript.replace("RUN", () => String(code)),
      id,
      argument ?? null,
    );
    for (let pauseMs = 0; ; pauseMs = Math.min(pauseMs + 5, pauseMsMax)) {
      const { state, value, thrown } = JSON.parse(String(await script(askScript, id))) as Answer;
      for (const error of thrown) events.error(error);
      if (state === "done") return value;
      if (state === "failed") throw new Error(String(value));
      if (state === "gone") throw new Error("the page has been left");
      await sleep(pauseMs);
    }
  };
  const evaluate = run as Evaluate;

  return {
    get page(): never {
      throw new Error("this is WebKit, which Playwright does not drive; see needs()");
    },
    evaluate,
    goto: async (url) => void (await session.sendIn(handle, "POST", "/url", { url })),
    reload: async () => void (await session.sendIn(handle, "POST", "/refresh", {})),
    title: async () => String(await session.sendIn(handle, "GET", "/title")),
    async connect(load) {
      await load();
      for (;;) {
        const found = await evaluate(() => ("presync" in globalThis ? null : [...thrown]));
        if (found === null) return;
        if (found.length > 0) throw new Error(found[0]);
        await sleep(pauseMsMax);
      }
    },
    close: async () => void (await session.sendIn(handle, "DELETE", "/window")),
    async untilClosed() {
      for (;;) {
        const handles = (await session.send("GET", "/window/handles")) as string[];
        if (!handles.includes(handle)) return;
        await sleep(pauseMsMax);
      }
    },
  };
}
