/** Who is here: tabs of one browser see each other come, move and go, whatever becomes of the worker. */
import { readFile } from "node:fs/promises";
import type { Presence } from "../app/index.ts";
import { expect, test } from "./fixtures.ts";
import { bundleApp, docExample, pageHead } from "./harness/app-parts.ts";
import { addItem, openDemo } from "./harness/demo-page.ts";
import type { Device } from "./harness/device.ts";
import { needs } from "./harness/engine.ts";
import { testPageWith } from "./harness/pages.ts";
import type { Tab } from "./harness/tab.ts";

declare global {
  /** What the tests say and see in the list. */
  var here: Presence<string>;
}

async function enter(device: Device, state: string, tab?: Tab): Promise<Tab> {
  const entering = tab ?? (await device.tab());
  await entering.open();
  await entering.evaluate((own) => {
    globalThis.here = presync.presence<string>(lists["todos"]!);
    here.set(own);
  }, state);
  return entering;
}

const say = (tab: Tab, state: string): Promise<void> => tab.evaluate((own) => here.set(own), state);
const seen = (tab: Tab): Promise<string[]> =>
  tab.evaluate(() => here.others.map(({ state }) => state).toSorted());

/** A tab in which no time passes: what leaves its list has said so. */
async function timeless(device: Device, state: string): Promise<Tab> {
  const tab = await device.tab();
  await tab.page.clock.install();
  await tab.page.clock.pauseAt(Date.now() + 60_000);
  return enter(device, state, tab);
}

test("tabs see each other at once, and what each says last", async ({ device }) => {
  const laptop = await device("laptop");
  const one = await enter(laptop, "one");
  const two = await enter(laptop, "two");
  await expect.poll(() => seen(one)).toEqual(["two"]);
  await expect.poll(() => seen(two)).toEqual(["one"]);
  await one.evaluate(() => {
    for (let count = 0; count < 1_000; count++) here.set(`moved ${count}`);
  });
  await expect.poll(() => seen(two)).toEqual(["moved 999"]);
  const [other] = await two.evaluate(() => here.others);
  expect(other).toMatchObject({ replica: null, isSameBrowser: true });

  // What was made signed out goes on as the user's: the tabs stay who they are.
  await one.signUp();
  await expect.poll(async () => (await two.status()).auth).toBe("valid");
  const { user } = await two.status();
  await expect
    .poll(() => two.evaluate(() => here.others.map(({ replica }) => replica)))
    .toEqual([user!.replica]);
  expect(await seen(one)).toEqual(["two"]);

  await one.signOut();
  await expect.poll(() => seen(two)).toEqual([]);
  const late = await two.evaluate(() => codeOf(Promise.resolve().then(() => here.set("late"))));
  expect(late).toMatch(/^closed/);
  await enter(laptop, "one, signed out", one);
  await enter(laptop, "two, signed out", two);
  await expect.poll(() => seen(one)).toEqual(["two, signed out"]);
  await expect.poll(() => seen(two)).toEqual(["one, signed out"]);
});

for (const how of ["closed", "loaded anew", "not looking at it any more"] as const)
  test(`a tab that is ${how} has left`, async ({ device }) => {
    const laptop = await device("laptop");
    const stays = await timeless(laptop, "stays");
    const goes = await enter(laptop, "goes");
    await expect.poll(() => seen(stays)).toEqual(["goes"]);
    if (how === "closed") await goes.close();
    else if (how === "loaded anew") await goes.reload();
    else await goes.evaluate(() => here.close());
    await expect.poll(() => seen(stays)).toEqual([]);
  });

test("a tab that ends without a word is gone after a while", async ({ device }) => {
  const laptop = await device("laptop");
  const stays = await timeless(laptop, "stays");
  const crashes = await enter(laptop, "crashes");
  await expect.poll(() => seen(stays)).toEqual(["crashes"]);
  // All tabs of one site may share a process, so a real crash would take the other one along.
  await crashes.evaluate(() => {
    MessagePort.prototype.postMessage = () => {};
  });
  await crashes.close();
  await stays.page.clock.runFor(20_000);
  expect(await seen(stays)).toEqual(["crashes"]);
  await stays.page.clock.runFor(15_000);
  expect(await seen(stays)).toEqual([]);
});

test("when the worker ends nobody leaves, and what was said meanwhile is heard", async ({
  device,
}) => {
  needs("ended workers");
  const laptop = await device("laptop");
  const one = await enter(laptop, "one");
  const two = await enter(laptop, "two");
  await expect.poll(() => seen(two)).toEqual(["one"]);
  await two.evaluate(() => {
    Object.assign(globalThis, { counts: [] });
    here.subscribe(({ length }) =>
      (globalThis as unknown as { counts: number[] }).counts.push(length),
    );
  });
  for (const state of ["after one end", "after another"]) {
    await laptop.workers.stop();
    await say(one, state);
    await expect.poll(() => seen(two)).toEqual([state]);
  }
  const counts = await two.evaluate(() => (globalThis as unknown as { counts: number[] }).counts);
  expect(new Set(counts)).toEqual(new Set([1]));
  const three = await enter(laptop, "three");
  await expect.poll(() => seen(three)).toEqual(["after another", "two"]);
});

test.describe("on two devices of one user", () => {
  test.use({ stackOptions: { page: testPageWith({}) } });
  // Gathering, finding and connecting are three times a few seconds.
  test.setTimeout(120_000);

  test("each sees who is on the other one, over a channel", async ({ device }) => {
    needs("workers that keep channels");
    const [laptop, other] = [await device("laptop"), await device("phone")];
    const tab = await laptop.tab();
    const key = await tab.signUp();
    await enter(laptop, "on the laptop", tab);
    const phone = await other.tab();
    await phone.signIn(key);
    await enter(other, "on the phone", phone);
    const patient = { timeout: 60_000 };
    await expect.poll(() => seen(tab), patient).toEqual(["on the phone"]);
    await expect.poll(() => seen(phone), patient).toEqual(["on the laptop"]);
    const [found] = await tab.evaluate(() => here.others);
    const { user } = await phone.status();
    expect(found).toMatchObject({ replica: user!.replica, isSameBrowser: false });

    await say(phone, "still there");
    await expect.poll(() => seen(tab)).toEqual(["still there"]);
    await phone.evaluate(() => here.close());
    await expect.poll(() => seen(tab)).toEqual([]);
  });
});

test("a document that nobody has opened is not opened for it", async ({ device }) => {
  const laptop = await device("laptop");
  const [one, two] = [await laptop.tab(), await laptop.tab()];
  const documentId = "ns1T3QtSnB2GETv7qvUtuvxDwru";
  for (const [tab, state] of [
    [one, "one"],
    [two, "two"],
  ] as const)
    await tab.evaluate(
      ([id, own]) => {
        globalThis.here = presync.presence<string>({ documentId: id as never });
        here.set(own);
      },
      [documentId, state] as const,
    );
  await expect.poll(() => seen(one)).toEqual(["two"]);
  await expect.poll(() => seen(two)).toEqual(["one"]);
  expect(
    await one.evaluate((id) => presync.peek([`automerge:${id}` as never]), documentId),
  ).toEqual([null]);
});

test("the documentation's examples do what they say", async ({ stack, device }) => {
  const examples = await Promise.all(
    ["presence", "cursors"].map((name) => docExample("docs/presence.md", name)),
  );
  const source = `import { connect } from "presync";
    const presync = await connect();
    ${examples.join("\n").replace("presence.close();", "")}
    Object.assign(globalThis, { presync, list, here: presence, positionOf, cursor });`;
  const app = await bundleApp(source, "tsx", "esm");
  stack.app.replace("/app.js", app);
  const page = `${pageHead}<textarea></textarea><script type="module" src="/app.js"></script>`;
  stack.app.replace("/", page, "text/html");
  const laptop = await device("laptop");
  const [one, two] = [await laptop.tab(), await laptop.tab()];
  await expect
    .poll(() => one.evaluate(() => here.others.map(({ state }) => state as unknown)))
    .toEqual([{ name: "Ada", at: expect.any(String) }]);
  const position = await two.evaluate(() => {
    const { positionOf, cursor } = globalThis as unknown as {
      positionOf: (at: string) => number | null;
      cursor: string;
    };
    return [positionOf(cursor), positionOf("7@abcdef")];
  });
  expect(position).toEqual([0, null]);
});

test.describe("in React", () => {
  const page = `<!doctype html>
<html lang="en"><meta charset="utf-8" /><title>who is here</title>
<div id="app"></div><script type="module" src="/here.js"></script></html>`;

  test("a component shows who is here, in strict mode and through a change of user", async ({
    stack,
    device,
  }) => {
    const source = await readFile(new URL("pages/react-here.tsx", import.meta.url), "utf8");
    stack.app.replace("/", page, "text/html");
    stack.app.replace("/here.js", await bundleApp(source, "tsx", "esm"));
    const laptop = await device("laptop");
    const [one, two] = [await laptop.page(), await laptop.page()];
    // Letter by letter: React does not hear of what the driver fills in at once in Firefox.
    await one.getByLabel("Name").pressSequentially("Ada");
    await two.getByLabel("Name").pressSequentially("Grace");
    await expect(one.getByRole("listitem")).toHaveText(["Grace"]);
    await expect(two.getByRole("listitem")).toHaveText(["Ada"]);
    await two.getByLabel("Name").pressSequentially(" H.");
    await expect(one.getByRole("listitem")).toHaveText(["Grace H."]);
    await two.getByRole("button", { name: "Hide" }).click();
    await expect(one.getByRole("listitem")).toHaveCount(0);
    await two.getByRole("button", { name: "Show" }).click();
    await expect(one.getByRole("listitem")).toHaveText(["Grace H."]);

    await one.getByRole("button", { name: "Sign up" }).click();
    await expect(one.getByText("Signed in")).toBeVisible();
    await expect(two.getByText("Signed in")).toBeVisible();
    await expect(one.getByRole("listitem")).toHaveText(["Grace H."]);
    await expect(two.getByRole("listitem")).toHaveText(["Ada"]);
    await two.close();
    await expect(one.getByRole("listitem")).toHaveCount(0);
  });
});

test.describe("in the demo", () => {
  test.use({ stackOptions: { demo: true } });

  test("who is here, and where they write", async ({ device }) => {
    const laptop = await device("laptop");
    const one = await openDemo(laptop);
    await addItem(one, "milk");
    await addItem(one, "bread");
    await expect(one.getByTestId("guests")).toBeHidden();
    const two = await openDemo(laptop);
    const guest = one.getByTestId("guests").getByRole("listitem");
    await expect(guest).toContainText(/(Chrome|Firefox) on Linux, another tab is here/);
    await expect(two.getByTestId("guests").getByRole("listitem")).toHaveCount(1);

    await two.getByTestId("item-expand").first().click();
    const note = two.getByTestId("item-note").first();
    await note.fill("two litres");
    await note.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(4, 4));
    const [milk, bread] = [one.getByTestId("item").first(), one.getByTestId("item").last()];
    await expect(milk.getByTestId("item-expand")).toHaveAccessibleName(
      /^milk.*on Linux, another tab writes here/,
    );
    await expect(bread.getByTestId("item-marks")).toBeHidden();

    // The caret stays between its letters while others write before it.
    await milk.getByTestId("item-expand").click();
    const before = (): Promise<string | null> =>
      milk.locator("textarea + .carets").evaluate((layer) => layer.firstChild?.textContent ?? null);
    await expect.poll(before).toBe("two ");
    await milk.getByTestId("item-note").fill("at least two litres");
    await expect.poll(before).toBe("at least two ");
    await two.close();
    await expect(one.getByTestId("guests")).toBeHidden();
    await expect(milk.getByTestId("item-marks")).toBeHidden();
  });
});
