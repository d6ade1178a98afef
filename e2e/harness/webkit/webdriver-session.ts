/**
 * One session with WebKitGTK's MiniBrowser, over WebDriver (https://www.w3.org/TR/webdriver2/): a browser of its own
 * with a profile in memory, behind a proxy.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../ports.ts";

export interface WebDriverSession {
  /** One command; it rejects with `<error>: <message>`. */
  send(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<unknown>;
  /** The same in a window. A session has one current window: commands wait for each other. */
  sendIn(
    window: string,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: object,
  ): Promise<unknown>;
  close(): Promise<void>;
}

const startMsMax = 20_000;
const pollMs = 50;

export async function startSession(display: string, proxy: string): Promise<WebDriverSession> {
  const port = await freePort();
  const child = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
    stdio: ["ignore", "ignore", "inherit"],
    // There is no graphics card behind the display.
    env: { ...process.env, DISPLAY: display, LIBGL_ALWAYS_SOFTWARE: "1" },
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  const address = `http://127.0.0.1:${port}`;
  try {
    await untilReady(address);
    const options = { binary: miniBrowser(), args: ["--automation", `--proxy=${proxy}`] };
    const alwaysMatch = { browserName: "MiniBrowser", "webkitgtk:browserOptions": options };
    const started = await request("POST", `${address}/session`, { capabilities: { alwaysMatch } });
    const { sessionId } = started as { sessionId: string };
    return session(`${address}/session/${sessionId}`, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function session(address: string, stop: () => Promise<void>): WebDriverSession {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work);
    last = result;
    result.catch(() => undefined);
    return result;
  };
  const send: WebDriverSession["send"] = (method, path, body) =>
    inTurn(() => request(method, address + path, body));
  return {
    send,
    sendIn: (window, method, path, body) =>
      inTurn(async () => {
        await request("POST", `${address}/window`, { handle: window });
        return request(method, address + path, body);
      }),
    async close() {
      // Before its turn: what is under way would be waited for.
      await request("DELETE", address).catch(() => undefined);
      await stop();
    },
  };
}

async function untilReady(address: string): Promise<void> {
  const end = Date.now() + startMsMax;
  for (;;) {
    try {
      await request("GET", `${address}/status`);
      return;
    } catch (error) {
      if (Date.now() > end) throw new Error("WebKitWebDriver does not start", { cause: error });
      await sleep(pollMs);
    }
  }
}

async function request(method: string, address: string, body?: object): Promise<unknown> {
  const answer = await fetch(address, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = (await answer.json()) as { value: unknown };
  if (answer.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`${error}: ${message}`);
}

/** Debian puts it below the architecture's name; another one is named by `PRESYNC_MINIBROWSER`. */
function miniBrowser(): string {
  const named = process.env["PRESYNC_MINIBROWSER"];
  if (named !== undefined) return named;
  const found = readdirSync("/usr/lib")
    .map((folder) => `/usr/lib/${folder}/webkit2gtk-4.1/MiniBrowser`)
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error("there is no MiniBrowser: run scripts/setup.sh");
  return found;
}
