/**
 * Moves the clock of workers from outside: what the app serves as the worker's file begins with a few lines that move
 * `Date.now()`, and the product knows nothing of them. They ask the app by how much each time a worker starts.
 */
import { shipped } from "./app-parts.ts";
import type { Stack } from "./stack.ts";

const clockPath = "/moved-clock";

/** A worker asks for the lock of its incarnation before it looks at the clock for the first time. */
const prelude = `{
  const now = Date.now;
  let movedMs = 0;
  const asked = fetch("${clockPath}", { cache: "no-store" })
    .then((answer) => answer.text())
    .then((text) => (movedMs = Number(text)));
  Date.now = () => now() + movedMs;
  const { request } = LockManager.prototype;
  LockManager.prototype.request = async function (...words) {
    await asked;
    return request.apply(this, words);
  };
}
`;

/** Before the first device comes. A clock that is moved later on is so for workers that start from then on. */
export async function moveWorkersClock(app: Stack["app"], movedMs: number): Promise<void> {
  app.replace(clockPath, String(movedMs), "text/plain");
  app.replace("/presync-sw.js", prelude + (await shipped("presync-sw.js")).toString());
}
