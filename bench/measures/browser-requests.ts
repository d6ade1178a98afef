/**
 * What two real browsers ask of the store, for lone edits and for a burst of typing: the service worker, the HTTP cache
 * and CORS included, which the measures in Node leave out.
 */
import type * as Automerge from "@automerge/automerge/slim";
import type { Browser, Page } from "@playwright/test";
import { chromium } from "@playwright/test";
import type { Cost } from "../browser/count.ts";
import { costOf } from "../browser/count.ts";
import type { BenchStack } from "../browser/stack.ts";
import { startBenchStack } from "../browser/stack.ts";
import type { Outcome } from "../report/results.ts";
import { figure } from "../report/table.ts";

/** A person who types fast: five keys a second, for ten seconds. */
const keyIntervalMs = 200;
const keys = 50;

const loneEdits = 5;

/** The page's own names, as `browser/stack.ts` sets them. */
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

export async function measureBrowserRequests(): Promise<Outcome> {
  const stack = await startBenchStack();
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--disable-gpu", "--disable-quic"],
  });
  try {
    return outcome(await measureRows(stack, browser));
  } finally {
    await browser.close();
    await stack.close();
  }
}

async function measureRows(stack: BenchStack, browser: Browser): Promise<Row[]> {
  const [a, b] = await Promise.all(stack.origins.map((origin) => openDevice(browser, origin)));
  if (a === undefined || b === undefined) throw new Error("two devices are needed");
  const secretKey = await a.evaluate(() =>
    (window as unknown as BenchWindow).presync.newSecretKey(),
  );
  for (const page of [a, b]) await page.evaluate(signIn, secretKey);
  await addItem(a, b, 1);
  await addItem(b, a, 2);

  let items = 2;
  const lone = await measure(stack, "lone edit", loneEdits, async () => {
    for (let edit = 0; edit < loneEdits; edit++) await addItem(a, b, ++items);
  });
  const typing = await measure(
    stack,
    `typing, ${1000 / keyIntervalMs} keys a second`,
    keys,
    async () => {
      await a.evaluate(typeText, { keys, keyIntervalMs });
      await b.waitForFunction(
        (length) => (window as unknown as BenchWindow).doc.doc().text.length === length,
        keys,
      );
    },
  );
  return [lone, typing];
}

function outcome(rows: readonly Row[]): Outcome {
  return {
    name: "browser-requests",
    title: "Two real browsers",
    notes: [
      `Two Chromium profiles with the service worker, signed in through the service, on the embedded store: ${loneEdits} lone edits, each seen by the other before the next, then ${keys} keystrokes, ${1000 / keyIntervalMs} a second. Bytes are those of bodies.`,
      "How often the reader polls in between depends on how long the run takes: GETs without news differ from run to run.",
    ],
    tables: [
      {
        title: "Requests to the store",
        columns: [
          "",
          "device",
          "PUTs",
          "GETs",
          "GETs without news",
          "preflights",
          "bytes up",
          "bytes down",
          "bytes per edit",
        ],
        rows: rows.flatMap(({ what, edits, writer, reader }) =>
          (
            [
              ["writer", writer],
              ["reader", reader],
            ] as const
          ).map(([device, cost]) => {
            const { puts, gets, emptyGets, preflights, bytesUp, bytesDown } = cost;
            const each = Math.round((device === "writer" ? bytesUp : bytesDown) / edits);
            const cells = [puts, gets, emptyGets, preflights, bytesUp, bytesDown, each];
            return [`${what} (${edits})`, device, ...cells.map((cell) => figure(cell))];
          }),
        ),
      },
    ],
    checks: [],
    exact: rows.map(({ what, edits, writer, reader }) => ({
      what,
      edits,
      writer: { puts: writer.puts, preflights: writer.preflights },
      reader: { puts: reader.puts, preflights: reader.preflights },
    })),
    times: rows,
  };
}

async function openDevice(browser: Browser, origin: string): Promise<Page> {
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

async function measure(
  stack: BenchStack,
  what: string,
  edits: number,
  action: () => Promise<void>,
): Promise<Row> {
  const before = stack.requests.length;
  await action();
  const made = stack.requests.slice(before);
  const [writer, reader] = stack.origins.map((origin) =>
    costOf(made.filter((request) => request.origin === origin)),
  );
  return { what, edits, writer: writer!, reader: reader! };
}
