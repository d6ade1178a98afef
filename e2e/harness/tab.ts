/** One tab on a page that exposes `presync`: what a person would do in it, and what they would see. */
import type { Page } from "@playwright/test";
import type { Presync, Status } from "../../app/index.ts";
import type { DrivenPage, Evaluate } from "./driver.ts";
import type { List } from "./pages.ts";

export interface Tab {
  /** Playwright's own, for what only it can do; throws in WebKit. */
  readonly page: Page;
  /** Runs a function in the page. */
  readonly evaluate: Evaluate;
  title(): Promise<string>;
  /** Leaves the app, or goes to another address of it, and does not wait for `presync`. */
  goto(address: string): Promise<void>;
  /** Opens a list, as every other method expects; again after another user has become current. */
  open(name?: string): Promise<void>;
  /** Edits at once, whatever the worker does. */
  add(item: string, name?: string): Promise<void>;
  items(name?: string): Promise<string[]>;
  heads(name?: string): Promise<string[]>;
  /** Rejects, like all calls below, with `<code>: <message>`. */
  saved(where: "device" | "bucket", name?: string): Promise<void>;
  /** Resolves once they are saved there, to the items that the page showed when it was asked. */
  savedItems(where: "device" | "bucket"): Promise<string[]>;
  status(): Promise<Status>;
  newSecretKey(): Promise<string>;
  signIn(secretKey: string): Promise<void>;
  /** Signs in with a new key, and returns it. */
  signUp(): Promise<string>;
  signOut(options?: Parameters<Presync["signOut"]>[0]): Promise<void>;
  /** Loads the page anew, and waits for `connect()`; documents are then to be opened again. */
  reload(): Promise<void>;
  close(): Promise<void>;
  /** Resolves when its own script has closed it. */
  untilClosed(): Promise<void>;
}

const defaultName = "todos";

/** Opens an address in a page, waits for `connect()`, and fails with its error if it has one. */
export function openTab(page: DrivenPage, address: string): Promise<void> {
  return page.connect(() => page.goto(address));
}

export function tabOn(page: DrivenPage): Tab {
  const { evaluate } = page;
  const signIn = (secretKey: string): Promise<void> =>
    withCode(evaluate((key) => codeOf(presync.signIn("key", { secretKey: key })), secretKey));

  return {
    get page() {
      return page.page;
    },
    evaluate,
    title: () => page.title(),
    goto: (address) => page.goto(address),
    open: (name = defaultName) =>
      evaluate(async (of) => {
        globalThis.lists ??= {};
        lists[of] = await presync.open<List>(of, { items: [] });
      }, name),
    add: (item, name = defaultName) =>
      evaluate(([of, text]) => lists[of]!.change((list) => void list.items.push(text)), [
        name,
        item,
      ] as const),
    items: (name = defaultName) => evaluate((of) => [...lists[of]!.doc().items], name),
    heads: (name = defaultName) => evaluate((of) => lists[of]!.heads().toSorted(), name),
    saved: (where, name = defaultName) =>
      withCode(
        evaluate(([of, place]) => codeOf(presync.saved(lists[of]! as never, place)), [
          name,
          where,
        ] as const),
      ),
    async savedItems(where) {
      const { items, failure } = await evaluate(
        async ([of, place]) => {
          const list = lists[of]!;
          const shown = [...list.doc().items];
          return { items: shown, failure: await codeOf(presync.saved(list, place)) };
        },
        [defaultName, where] as const,
      );
      if (failure !== null) throw new Error(failure);
      return items;
    },
    status: () => evaluate(() => presync.status.get()),
    newSecretKey: () => evaluate(() => presync.newSecretKey()),
    signIn,
    async signUp() {
      const secretKey = await evaluate(() => presync.newSecretKey());
      await signIn(secretKey);
      return secretKey;
    },
    signOut: (options = {}) =>
      withCode(evaluate((given) => codeOf(presync.signOut(given)), options)),
    reload: () => page.connect(() => page.reload()),
    close: () => page.close(),
    untilClosed: () => page.untilClosed(),
  };
}

async function withCode(failure: Promise<string | null>): Promise<void> {
  const message = await failure;
  if (message !== null) throw new Error(message);
}
