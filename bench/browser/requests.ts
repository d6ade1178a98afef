/**
 * `npm run bench`: counts what two real browsers ask of the store, for an edit and for a burst of typing. Counts and
 * bytes are the same on every machine, so they may be compared; no times are measured here.
 *
 * The results are printed, and kept in `bench/results/requests.json`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import type * as Automerge from "@automerge/automerge/slim";
import type { Page } from "@playwright/test";
import { chromium } from "@playwright/test";
import type { Cost } from "./count.ts";
import { costOf } from "./count.ts";
import { startBenchStack } from "./stack.ts";

/** A person who types fast: five keys a second, for ten seconds. */
const keyIntervalMs = 200;
const keys = 50;

const loneEdits = 5;

/** The page's own names, as `stack.ts` sets them. */
interface BenchWindow {
  readonly Automerge: Pick<typeof Automerge, "splice">;
  readonly presync: {
    newSecretKey(): string;
    signIn(method: "key", options: { secretKey: string }): Promise<void>;
    saved(handle: unknown, where: "bucket"): Promise<void>;
  };
  readonly doc: {
    doc(): { items: string[]; text: string };
    change(edit: (doc: { items: string[]; text: string }) => void): void;
  };
}

interface Row {
  readonly what: string;
  readonly edits: number;
  readonly writer: Cost;
  readonly reader: Cost;
}

const stack = await startBenchStack();
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--disable-gpu", "--disable-quic"],
});
try {
  const [a, b] = await Promise.all(stack.origins.map((origin) => openDevice(origin)));
  if (a === undefined || b === undefined) throw new Error("two devices are needed");
  const secretKey = await a.evaluate(() =>
    (window as unknown as BenchWindow).presync.newSecretKey(),
  );
  for (const page of [a, b]) await page.evaluate(signIn, secretKey);
  await addItem(a, b, 1);
  await addItem(b, a, 2);

  const rows: Row[] = [];
  let items = 2;
  rows.push(
    await measure("lone edit", loneEdits, async () => {
      for (let edit = 0; edit < loneEdits; edit++) await addItem(a, b, ++items);
    }),
  );
  rows.push(
    await measure(`typing, ${1000 / keyIntervalMs} keys a second`, keys, async () => {
      await a.evaluate(typeText, { keys, keyIntervalMs });
      await b.waitForFunction(
        (length) => (window as unknown as BenchWindow).doc.doc().text.length === length,
        keys,
      );
    }),
  );
  print(rows);
  await mkdir("bench/results", { recursive: true });
  await writeFile("bench/results/requests.json", `${JSON.stringify(rows, null, 2)}\n`);
} finally {
  await browser.close();
  await stack.close();
}

async function openDevice(origin: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => "doc" in window);
  return page;
}

async function signIn(secretKey: string): Promise<void> {
  const { doc, presync } = window as unknown as BenchWindow;
  await presync.signIn("key", { secretKey });
  await presync.saved(doc, "bucket");
}

/** Adds an item on one device, and waits until the other one has it. */
async function addItem(from: Page, to: Page, length: number): Promise<void> {
  await from.evaluate(async (text) => {
    const { doc, presync } = window as unknown as BenchWindow;
    doc.change((draft) => void draft.items.push(text));
    await presync.saved(doc, "bucket");
  }, `item ${length}`);
  await to.waitForFunction(
    (count) => (window as unknown as BenchWindow).doc.doc().items.length === count,
    length,
  );
}

async function typeText(burst: { keys: number; keyIntervalMs: number }): Promise<void> {
  const { Automerge: own, doc, presync } = window as unknown as BenchWindow;
  for (let key = 0; key < burst.keys; key++) {
    doc.change((draft) => own.splice(draft, ["text"], key, 0, "abcdefgh ".charAt(key % 9)));
    await new Promise((resolve) => setTimeout(resolve, burst.keyIntervalMs));
  }
  await presync.saved(doc, "bucket");
}

async function measure(what: string, edits: number, action: () => Promise<void>): Promise<Row> {
  const before = stack.requests.length;
  await action();
  const made = stack.requests.slice(before);
  const [writer, reader] = stack.origins.map((origin) =>
    costOf(made.filter((request) => request.origin === origin)),
  );
  return { what, edits, writer: writer!, reader: reader! };
}

function print(rows: readonly Row[]): void {
  const columns = ["PUTs", "GETs", "GETs without news", "preflights", "bytes up", "bytes down"];
  console.log(["what", "device", ...columns].join(" | "));
  for (const { what, edits, writer, reader } of rows)
    for (const [device, cost] of [
      ["writer", writer],
      ["reader", reader],
    ] as const) {
      const { puts, gets, emptyGets, preflights, bytesUp, bytesDown } = cost;
      const cells = [puts, gets, emptyGets, preflights, bytesUp, bytesDown];
      const each = `${Math.round((device === "writer" ? bytesUp : bytesDown) / edits)} bytes an edit`;
      console.log([`${what} (${edits})`, device, ...cells, each].join(" | "));
    }
}
