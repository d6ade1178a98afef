/** One tab on a page that exposes `presync`: what a person would do in it, and what they would see. */
import type { Page } from "@playwright/test";
import type { Presync, Status } from "../../app/index.ts";
import type { List } from "./pages.ts";

export interface Tab {
  readonly page: Page;
  /** Opens a list, as every other method expects; again after another user has become current. */
  open(name?: string): Promise<void>;
  /** Edits at once, whatever the worker does. */
  add(item: string, name?: string): Promise<void>;
  items(name?: string): Promise<string[]>;
  heads(name?: string): Promise<string[]>;
  /** Rejects, like all calls below, with `<code>: <message>`. */
  saved(where: "device" | "bucket", name?: string): Promise<void>;
  status(): Promise<Status>;
  newSecretKey(): Promise<string>;
  signIn(secretKey: string): Promise<void>;
  /** Signs in with a new key, and returns it. */
  signUp(): Promise<string>;
  signOut(options?: Parameters<Presync["signOut"]>[0]): Promise<void>;
  /** Loads the page anew, and waits for `connect()`; documents are then to be opened again. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

const defaultName = "todos";

/** Opens an address in a page, waits for `connect()`, and fails with its error if it has one. */
export async function openTab(page: Page, address: string): Promise<Tab> {
  await untilConnected(page, () => page.goto(address));
  return tabOn(page);
}

/** A page that is being loaded without our doing. */
export async function adoptTab(page: Page): Promise<Tab> {
  await untilConnected(page, () => page.waitForLoadState());
  return tabOn(page);
}

/** What the methods of a tab expect of every page. */
export function preparePage(): void {
  globalThis.codeOf = (promise) =>
    promise.then(
      () => null,
      (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
    );
}

async function untilConnected(page: Page, load: () => Promise<unknown>): Promise<void> {
  const failure = page.waitForEvent("pageerror", { timeout: 0 }).then((error) => {
    throw error;
  });
  failure.catch(() => undefined);
  await load();
  await Promise.race([page.waitForFunction(() => "presync" in globalThis), failure]);
}

function tabOn(page: Page): Tab {
  const signIn = (secretKey: string): Promise<void> =>
    withCode(page.evaluate((key) => codeOf(presync.signIn("key", { secretKey: key })), secretKey));

  return {
    page,
    open: (name = defaultName) =>
      page.evaluate(async (of) => {
        globalThis.lists ??= {};
        lists[of] = await presync.open<List>(of, { items: [] });
      }, name),
    add: (item, name = defaultName) =>
      page.evaluate(([of, text]) => lists[of]!.change((list) => void list.items.push(text)), [
        name,
        item,
      ] as const),
    items: (name = defaultName) => page.evaluate((of) => [...lists[of]!.doc().items], name),
    heads: (name = defaultName) => page.evaluate((of) => lists[of]!.heads().toSorted(), name),
    saved: (where, name = defaultName) =>
      withCode(
        page.evaluate(([of, place]) => codeOf(presync.saved(lists[of]! as never, place)), [
          name,
          where,
        ] as const),
      ),
    status: () => page.evaluate(() => presync.status.get()),
    newSecretKey: () => page.evaluate(() => presync.newSecretKey()),
    signIn,
    async signUp() {
      const secretKey = await page.evaluate(() => presync.newSecretKey());
      await signIn(secretKey);
      return secretKey;
    },
    signOut: (options = {}) =>
      withCode(page.evaluate((given) => codeOf(presync.signOut(given)), options)),
    reload: () => untilConnected(page, () => page.reload()),
    close: () => page.close(),
  };
}

async function withCode(failure: Promise<string | null>): Promise<void> {
  const message = await failure;
  if (message !== null) throw new Error(message);
}
