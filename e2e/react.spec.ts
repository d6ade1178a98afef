/** React's hooks, in the documentation's app, in development mode and strict mode. */
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { bundleApp, docExample } from "./harness/app-parts.ts";
import type { Device } from "./harness/device.ts";
import { expect, test } from "./fixtures.ts";

const page = `<!doctype html>
<html lang="en"><meta charset="utf-8" /><title>list</title>
<div id="app"></div><script type="module" src="/list.js"></script></html>`;

async function listApp(): Promise<string> {
  const source = await readFile(new URL("pages/react-list.tsx", import.meta.url), "utf8");
  // Not part of the example: what the tests look at, and do.
  return `${source}\nObject.assign(globalThis, { presync: await presync });`;
}

test.beforeEach(async ({ stack }) => {
  stack.app.replace("/", page, "text/html");
  stack.app.replace("/list.js", await bundleApp(await listApp(), "tsx", "esm"));
});

async function open(device: Device): Promise<Page> {
  const tab = await device.page();
  await expect(tab.getByRole("button", { name: "Add" })).toBeVisible();
  return tab;
}

const items = (of: Page) => of.getByRole("listitem");
const add = (of: Page): Promise<void> => of.getByRole("button", { name: "Add" }).click();

/** With the key that the form offers, or with one that is there already. */
async function signIn(of: Page, key?: string): Promise<string> {
  const field = of.getByLabel("Secret key");
  if (key !== undefined) await field.fill(key);
  const used = await field.inputValue();
  await of.getByRole("button", { name: "Sign in" }).click();
  await expect(of.getByRole("button", { name: "Sign out" })).toBeVisible();
  return used;
}

test("the documentation shows the app that is tested", async () => {
  const source = await readFile(new URL("pages/react-list.tsx", import.meta.url), "utf8");
  expect(await docExample("docs/react.md", "react")).toBe(source);
});

test("edits show, two tabs agree, and the status tells", async ({ stack, device }) => {
  const laptop = await device("laptop");
  const [one, two] = [await open(laptop), await open(laptop)];
  await add(one);
  await add(one);
  await expect(items(one)).toHaveText(["item 1", "item 2"]);
  await expect(items(two)).toHaveText(["item 1", "item 2"]);
  await add(two);
  await expect(items(one)).toHaveText(["item 1", "item 2", "item 3"]);
  await expect(one.getByRole("status")).toHaveText("device: saved");
  await two.reload();
  await expect(items(two)).toHaveText(["item 1", "item 2", "item 3"]);

  await signIn(one);
  await expect(one.getByRole("status")).toHaveText("device: saved, bucket: saved, 0 to be sent");
  // The other tab's status is the same user's.
  await expect(two.getByRole("button", { name: "Sign out" })).toBeVisible();
  laptop.network.cut(stack.store.url);
  await add(two);
  await expect(one.getByRole("status")).toHaveText(/bucket: waiting, 1 to be sent/);
  await expect(items(one)).toHaveCount(4);
  laptop.network.heal();
  await expect(one.getByRole("status")).toHaveText(/bucket: saved, 0 to be sent/);
});

test("another user is shown another document, and never the first one's", async ({ device }) => {
  const laptop = await device("laptop");
  const [one, two] = [await open(laptop), await open(laptop)];
  const key = await signIn(one);
  await add(one);
  await expect(items(two)).toHaveText(["item 1"]);

  // In the moment in which the page is told of the other user's Repo, the first one's list is gone.
  const shown = await one.evaluate(async () => {
    const counts: number[] = [];
    let isFirst = true;
    presync.repos.subscribe(() => {
      if (!isFirst) queueMicrotask(() => counts.push(document.querySelectorAll("li").length));
      isFirst = false;
    });
    await presync.signOut();
    return counts;
  });
  expect(shown.length).toBeGreaterThan(0);
  expect(new Set(shown)).toEqual(new Set([0]));
  for (const tab of [one, two]) {
    await expect(tab.getByRole("button", { name: "Sign in" })).toBeVisible();
    await expect(tab.getByRole("button", { name: "Add" })).toBeVisible();
    await expect(items(tab)).toHaveCount(0);
  }
  // What is made now is the next user's.
  await add(two);
  await add(two);
  await expect(items(one)).toHaveCount(2);
  await signIn(one);
  await expect(items(one)).toHaveText(["item 1", "item 2"]);
  await one.getByRole("button", { name: "Sign out" }).click();
  await expect(items(one)).toHaveCount(0);
  await signIn(one, key);
  await expect(items(one)).toHaveText(["item 1"]);
  await expect(items(two)).toHaveText(["item 1"]);
});

test("what cannot be opened is told, and one mistake breaks no other component", async ({
  stack,
  device,
}) => {
  const source = (await listApp()).replace("<List />", `<List /><Wrong />`);
  const wrong = `function Wrong() {
    const [doc, change, { error }] = useDocument("wrong", { items: ["filled"] });
    const edit = () => { try { change(() => {}); } catch (thrown) { return thrown.code; } };
    return <p role="alert">{String(doc)} {error?.code} {edit()}</p>;
  }`;
  stack.app.replace("/list.js", await bundleApp(wrong + source, "tsx", "esm"));
  const tab = await open(await device("laptop"));
  await expect(tab.getByRole("alert")).toHaveText("undefined invalid-argument closed");
  await add(tab);
  await expect(items(tab)).toHaveText(["item 1"]);
});

test("a browser without service workers comes to the error boundary", async ({ stack, device }) => {
  const boundary = `import { Component } from "react";
  class Boundary extends Component {
    state = { code: null };
    static getDerivedStateFromError(error) { return { code: error.code }; }
    render() { return this.state.code === null ? this.props.children : <p role="alert">{this.state.code}</p>; }
  }`;
  const source = (await readFile(new URL("pages/react-list.tsx", import.meta.url), "utf8"))
    .replace("<Suspense", "<Boundary><Suspense")
    .replace("</Suspense>", "</Suspense></Boundary>");
  stack.app.replace("/list.js", await bundleApp(boundary + source, "tsx", "esm"));
  const laptop = await device("laptop");
  await laptop.context.addInitScript(() => {
    delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
  });
  const tab = await laptop.page();
  await expect(tab.getByRole("alert")).toHaveText("worker-unavailable");
  // A promise may be rejected before React has looked at it; what a browser makes of that is its own affair.
  laptop.takeErrors();
});
