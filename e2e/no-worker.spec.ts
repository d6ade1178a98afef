/** Where there is no usable service worker, `connect()` refuses at once, with a code, and says why. */
import type { Route } from "@playwright/test";
import { pageWith } from "./harness/app-parts.ts";
import type { Device } from "./harness/device.ts";
import { expect, test } from "./fixtures.ts";

test.beforeEach(({ stack }) => {
  stack.app.replace("/", pageWith(), "text/html");
});

/** Answers with what the server has at `url`, for a page that is to get it from elsewhere. */
async function passOn(route: Route, url: string): Promise<void> {
  try {
    const answer = await fetch(url);
    const type = answer.headers.get("content-type") ?? "text/plain";
    // A sandboxed frame's origin is nobody's: what it imports must be allowed to all.
    const headers = { "content-type": type, "access-control-allow-origin": "*" };
    const body = Buffer.from(await answer.arrayBuffer());
    await route.fulfill({ status: answer.status, headers, body });
  } catch {
    // The test has seen what it wanted, and the server is gone.
  }
}

/** A page in which `prepare` was run before anything else. */
async function titleAfter(device: Device, prepare: () => void): Promise<string> {
  await device.context.addInitScript(prepare);
  const page = await device.page();
  await expect(page).not.toHaveTitle("");
  return page.title();
}

test("a browser without service workers", async ({ device }) => {
  const title = await titleAfter(await device("laptop"), () => {
    delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
  });
  expect(title).toMatch(/^worker-unavailable: .*switched off, or the window is private$/);
});

test("a browser that refuses to register one", async ({ device }) => {
  const title = await titleAfter(await device("laptop"), () => {
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- this runs in the page
    const refuse = (): Promise<never> =>
      Promise.reject(new DOMException("The operation is insecure.", "SecurityError"));
    // The page a tab begins with has none.
    const { prototype } = globalThis.ServiceWorkerContainer ?? { prototype: {} };
    Object.assign(prototype, { register: refuse, getRegistration: refuse });
  });
  expect(title).toMatch(
    /^worker-unavailable: the browser refuses service workers here, .*Security/,
  );
});

test("a frame that is sandboxed", async ({ stack, device }) => {
  stack.app.replace(
    "/frame.html",
    `<!doctype html><iframe sandbox="allow-scripts" src="/"></iframe>`,
    "text/html",
  );
  const laptop = await device("laptop");
  await laptop.context.route(/presync\.js$|automerge\.wasm|presync\.json$/, (route) =>
    passOn(route, route.request().url()),
  );
  const page = await laptop.page("/frame.html");
  const frame = page.frames()[1]!;
  await expect.poll(() => frame.title()).toMatch(/^worker-unavailable: the browser refuses/);
  // Firefox itself complains of each attempt.
  laptop.takeErrors();
});

test("a page that came over http", async ({ stack, device }) => {
  const laptop = await device("laptop");
  const insecure = "http://presync.example";
  await laptop.context.route(`${insecure}/**`, (route) =>
    passOn(route, stack.app.url + new URL(route.request().url()).pathname),
  );
  const page = await laptop.context.newPage();
  await page.goto(insecure);
  await expect(page).toHaveTitle(/^worker-unavailable: .*needs https, or localhost$/);
});

test("a worker that is not there, or does not run", async ({ stack, device }) => {
  stack.app.replace("/", pageWith({ worker: "/none.js" }), "text/html");
  const laptop = await device("laptop");
  await expect(await laptop.page()).toHaveTitle(
    /^worker-unavailable: \/none\.js could not be registered \(TypeError: /,
  );
  stack.app.replace("/throws.js", `throw new Error("on purpose")`);
  stack.app.replace("/", pageWith({ worker: "/throws.js" }), "text/html");
  await expect(await laptop.page()).toHaveTitle(
    /^worker-unavailable: \/throws\.js could not be registered \(TypeError: /,
  );
  // As often as the browser has tried it; and not every driver tells.
  for (const error of laptop.takeErrors()) expect(error).toContain("on purpose");
});

test("a worker that cannot be installed", async ({ stack, device }) => {
  stack.app.replace(
    "/fails.js",
    `addEventListener("install", (event) => event.waitUntil(Promise.reject(new Error("on purpose"))));`,
  );
  stack.app.replace("/", pageWith({ worker: "/fails.js" }), "text/html");
  const laptop = await device("laptop");
  await expect(await laptop.page()).toHaveTitle(
    "worker-unavailable: the worker could not be installed",
  );
  laptop.takeErrors();
});
