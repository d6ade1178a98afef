import { Repo } from "@automerge/automerge-repo";
import type { DocHandle } from "@automerge/automerge-repo/slim";
import { beforeEach, expect, test } from "vitest";
import { PresyncError } from "../../shared/errors.ts";
import { createSubscribable } from "../client/subscribable.ts";
import type { DocumentStore, OpenedDocument } from "./document-store.ts";
import { createDocumentStore } from "./document-store.ts";

interface List {
  items: string[];
}

interface Opening {
  readonly repo: Repo;
  resolve(items?: string[]): DocHandle<List>;
  reject(error: unknown): void;
}

/** Of several users, whose documents are opened when the test says so. */
function createPresync() {
  const repos = createSubscribable(new Repo());
  const openings: Opening[] = [];
  return {
    openings,
    repos,
    get repo() {
      return repos.get();
    },
    open<T extends object>(): Promise<DocHandle<T>> {
      const repo = repos.get();
      return new Promise((resolve, reject) => {
        openings.push({
          repo,
          resolve(items = []) {
            const handle = repo.create<List>({ items });
            resolve(handle as unknown as DocHandle<T>);
            return handle;
          },
          reject,
        });
      });
    },
  };
}

let presync: ReturnType<typeof createPresync>;
let store: DocumentStore<List>;
let seen: OpenedDocument<List>[];
const listen = (): (() => void) => store.subscribe(() => seen.push(store.get()));
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  presync = createPresync();
  store = createDocumentStore<List>(presync, "todos", { items: [] });
  seen = [];
});

test("nothing is opened until somebody listens, and then once for all", async () => {
  expect(store.get()[0]).toBeUndefined();
  expect(presync.openings).toHaveLength(0);
  listen();
  listen();
  expect(presync.openings).toHaveLength(1);
  presync.openings[0]!.resolve(["milk"]);
  await settle();
  expect(store.get()[0]).toEqual({ items: ["milk"] });
});

test("a snapshot is another one after a change, and only then", async () => {
  listen();
  presync.openings[0]!.resolve();
  await settle();
  const before = store.get();
  expect(store.get()).toBe(before);
  before[1]((doc) => void doc.items.push("milk"));
  const after = store.get();
  expect(after).not.toBe(before);
  expect(after[0]).toEqual({ items: ["milk"] });
  // What an effect depends on stays what it is.
  expect(after[1]).toBe(before[1]);
  expect(after[2]).toBe(before[2]);
  expect(before[0]).toEqual({ items: [] });
});

test("listening twice over, as strict mode does, opens anew and shows one document", async () => {
  listen()();
  listen();
  expect(presync.openings).toHaveLength(2);
  presync.openings[1]!.resolve(["second"]);
  presync.openings[0]!.resolve(["first"]);
  await settle();
  expect(store.get()[0]).toEqual({ items: ["second"] });
});

test("nobody is told anything once nobody listens", async () => {
  const leave = listen();
  const handle = presync.openings[0]!.resolve();
  await settle();
  leave();
  leave();
  seen = [];
  handle.change((doc) => void doc.items.push("unseen"));
  expect(seen).toEqual([]);
  expect(store.get()[0]).toBeUndefined();
});

test("another user's document takes the place of the first one's, and nothing leads back", async () => {
  listen();
  const first = presync.openings[0]!.resolve(["of the first"]);
  await settle();
  const [, changeFirst] = store.get();
  seen = [];
  first.removeAllListeners();
  first.unload();
  presync.repos.set(new Repo());
  expect(seen.map(([doc]) => doc)).toEqual([undefined]);
  presync.openings[1]!.resolve(["of the second"]);
  await settle();
  expect(store.get()[0]).toEqual({ items: ["of the second"] });
  // Kept by a handler from before: it must not reach the second user's document.
  expect(() => changeFirst((doc) => void doc.items.push("late"))).toThrow(/not ready|unloaded/);
  expect(store.get()[0]).toEqual({ items: ["of the second"] });
});

test("a document that comes too late is shown to nobody", async () => {
  listen();
  const [first] = presync.openings;
  presync.repos.set(new Repo());
  first!.resolve(["of the first"]);
  await settle();
  expect(store.get()[0]).toBeUndefined();
});

test("between two users nothing is shown, even before the store is told", async () => {
  let tell: (repo: Repo) => void = () => {};
  const unaware = {
    ...presync,
    open: presync.open,
    repo: presync.repo,
    repos: {
      get: presync.repos.get,
      subscribe(listener: (repo: Repo) => void) {
        tell = listener;
        listener(presync.repo);
        return () => {};
      },
    },
  };
  store = createDocumentStore<List>(unaware, "todos", { items: [] });
  listen();
  presync.openings[0]!.resolve(["of the first"]);
  await settle();
  expect(store.get()[0]).toEqual({ items: ["of the first"] });
  unaware.repo = new Repo();
  expect(store.get()[0]).toBeUndefined();
  tell(unaware.repo);
  expect(store.get()[0]).toBeUndefined();
});

test("why it could not be opened is told, and the next user begins anew", async () => {
  listen();
  // As the page's bundle throws it: of another class, with the same code.
  presync.openings[0]!.reject(Object.assign(new Error("no"), { code: "disk-full" }));
  await settle();
  expect(store.get()[0]).toBeUndefined();
  expect(store.get()[2].error?.code).toBe("disk-full");
  expect(() => store.get()[1](() => {})).toThrow(PresyncError);
  presync.repos.set(new Repo());
  expect(store.get()[2].error).toBeUndefined();
  presync.openings[1]!.reject("a string");
  await settle();
  expect(store.get()[2].error?.code).toBe("internal");
});
