/**
 * Secrets stay in the worker and in its database: nothing that a page is told, or that anybody writes to a
 * console, holds a bucket credential, a session, or a signed URL.
 */
import { needs } from "./harness/engine.ts";
import type { Stack } from "./harness/stack.ts";
import type { Tab } from "./harness/tab.ts";
import { expect, test } from "./fixtures.ts";

declare global {
  /** Everything that reached the page as a message, as text. */
  var heard: string[];
}

/** Runs in the page before anything else: every message that any listener there gets is written down. */
function listen(): void {
  globalThis.heard = [];
  const textOf = (value: unknown, depth = 0): string => {
    if (depth > 12) return "";
    if (value instanceof ArrayBuffer) return textOf(new Uint8Array(value));
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    }
    if (value instanceof Map || value instanceof Set) return textOf([...value], depth + 1);
    if (typeof value === "object" && value !== null)
      return Object.entries(value)
        .map(([name, part]) => `${name}=${textOf(part, depth + 1)}`)
        .join("\n");
    return String(value);
  };
  const record = (event: MessageEvent): void => void heard.push(textOf(event.data));
  // oxlint-disable-next-line typescript/unbound-method -- called below with the right `this`
  const { addEventListener } = EventTarget.prototype;
  for (const name of ["MessagePort", "ServiceWorkerContainer", "BroadcastChannel"] as const) {
    // Not every page is secure enough to have all of them.
    if (!(name in globalThis)) continue;
    const { prototype } = globalThis[name];
    Object.defineProperty(prototype, "addEventListener", {
      value(this: EventTarget, type: string, ...rest: [never]) {
        if (type === "message") addEventListener.call(this, type, record as EventListener);
        return addEventListener.call(this, type, ...rest);
      },
    });
    const handler = Object.getOwnPropertyDescriptor(prototype, "onmessage")!;
    Object.defineProperty(prototype, "onmessage", {
      ...handler,
      set(this: EventTarget, listener: unknown) {
        addEventListener.call(this, "message", record as EventListener);
        handler.set?.call(this, listener);
      },
    });
  }
}

/** What is reachable from `presync`, and what else a page keeps. */
function stateOf(tab: Tab): Promise<string> {
  return tab.evaluate(async () => {
    const seen = new Set<unknown>();
    const parts: string[] = [];
    const walk = (value: unknown, depth: number): void => {
      if (typeof value === "string") parts.push(value);
      if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
      if (seen.has(value) || depth > 40) return;
      seen.add(value);
      if (value instanceof Map || value instanceof Set)
        for (const entry of value) walk(entry, depth + 1);
      if (ArrayBuffer.isView(value)) return;
      for (const name of Reflect.ownKeys(value)) {
        parts.push(String(name));
        try {
          walk((value as Record<PropertyKey, unknown>)[name], depth + 1);
        } catch {
          // Some getters work on their own object only.
        }
      }
      walk(Object.getPrototypeOf(value), depth + 1);
    };
    walk(presync, 0);
    walk(presync.status.get(), 0);
    for (const storage of [localStorage, sessionStorage]) parts.push(JSON.stringify(storage));
    parts.push(document.cookie, document.documentElement.outerHTML, location.href);
    for (const entry of performance.getEntries()) parts.push(entry.name);
    for (const name of await caches.keys()) {
      parts.push(name);
      for (const { url } of await (await caches.open(name)).keys()) parts.push(url);
    }
    return parts.join("\n");
  });
}

/** The exact secrets of the signed-in user, out of the worker's own database. */
async function secretsOf(tab: Tab, stack: Stack): Promise<string[]> {
  const found = await tab.evaluate(async () => {
    const databases = await indexedDB.databases();
    const name = databases.map((each) => each.name ?? "").find((each) => each.endsWith("registry"));
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name ?? "");
      request.addEventListener("success", () => resolve(request.result));
      request.addEventListener("error", () => reject(request.error));
    });
    const [store = ""] = db.objectStoreNames;
    const request = db.transaction(store).objectStore(store).getAll();
    await new Promise((resolve) => request.addEventListener("success", resolve));
    db.close();
    return JSON.stringify(request.result);
  });
  const tokens = [...found.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)].map(([token]) => token);
  const signatures = [...found.matchAll(/"signatures":"([\w-]{43})/g)].map(([, some = ""]) => some);
  expect(tokens.length).toBeGreaterThan(0);
  expect(signatures.length).toBeGreaterThan(0);
  const { read, write, admin } = stack.store.config;
  const keys = [read, write, admin].flatMap((key) => [key.accessKeyId, key.secretAccessKey]);
  return [...tokens, ...signatures, ...keys, stack.sessionSecret];
}

const patterns = [/X-Amz-(Signature|Credential)/i, /eyJ[\w-]{10,}\.[\w-]{10,}\./, /PSK1-/];

function leaks(text: string, secrets: readonly string[]): string[] {
  return [
    ...secrets.filter((secret) => text.includes(secret)),
    ...patterns.filter((pattern) => pattern.test(text)).map(String),
  ];
}

test("a page sees no secret, and no console does", async ({ stack, device }) => {
  const laptop = await device("laptop");
  await laptop.context.addInitScript(listen);
  const tab = await laptop.tab();
  await tab.open();
  await tab.add("made signed out");
  const key = await tab.signUp();
  await tab.saved("bucket");
  const secrets = await secretsOf(tab, stack);
  // Errors too, and everything that a failing store, service and worker say.
  await stack.store.stop();
  await stack.service.stop();
  await tab.add("meanwhile");
  await expect.poll(async () => (await tab.status()).problems.length).toBeGreaterThan(0);
  await laptop.workers.stop();
  const another = await tab.newSecretKey();
  await expect(tab.signIn(another)).rejects.toThrow("unreachable:");
  await stack.store.start();
  await stack.service.start();
  const other = await laptop.tab();
  await other.open();
  await other.saved("bucket");
  await tab.signOut();
  await tab.signIn(key);
  await other.open();
  await expect.poll(() => other.items()).toEqual(["made signed out", "meanwhile"]);

  for (const each of [tab, other]) {
    const messages = await each.evaluate(() => heard);
    // It does hear.
    expect(messages.filter((text) => text.includes("type=welcome")).length).toBeGreaterThan(1);
    expect(leaks(messages.join("\n"), secrets)).toEqual([]);
    const state = await stateOf(each);
    expect(state).toContain("grantExpiresAt");
    expect(leaks(state, secrets)).toEqual([]);
  }
  expect(leaks(laptop.console.join("\n"), secrets)).toEqual([]);
});

test("the scan for secrets finds them", async ({ stack, device }) => {
  const laptop = await device("laptop");
  await laptop.context.addInitScript(listen);
  const tab = await laptop.tab();
  await tab.signUp();
  const secrets = await secretsOf(tab, stack);
  const [token = ""] = secrets;
  await tab.evaluate(async (secret) => {
    localStorage.setItem("planted", secret);
    const { port1, port2 } = new MessageChannel();
    const arrived = new Promise((resolve) => {
      port1.onmessage = resolve;
    });
    port2.postMessage({ deep: [new TextEncoder().encode(secret)] });
    await arrived;
    console.log(secret);
  }, token);
  expect(leaks((await tab.evaluate(() => heard)).join("\n"), secrets)).toContain(token);
  expect(leaks(await stateOf(tab), secrets)).toContain(token);
  await expect.poll(() => leaks(laptop.console.join("\n"), secrets)).toContain(token);
});

test("a worker's console is read too", async ({ device }) => {
  needs("workers from inside");
  const laptop = await device("laptop");
  await laptop.tab();
  await laptop.context.serviceWorkers()[0]?.evaluate(() => console.warn("said by the worker"));
  await expect.poll(() => laptop.console).toContain("said by the worker");
  await laptop.context
    .serviceWorkers()[0]
    ?.evaluate(() => void Promise.reject(new Error("planted")));
  await expect.poll(() => laptop.takeErrors().join("\n")).toContain("planted");
});
