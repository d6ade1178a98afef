/**
 * How long a page takes from navigation to content, with a thousand documents on the device and no worker running; and
 * how long an edit takes until it is on the device's disk: the time in which a crash could lose it.
 */
import type { BrowserContext, Page } from "@playwright/test";
import { chromium } from "@playwright/test";
import { documentCount } from "../browser/start-pages.ts";
import { createWorkerStopper } from "../browser/stop-workers.ts";
import type { BenchStack } from "../browser/stack.ts";
import { startBenchStack } from "../browser/stack.ts";
import type { Outcome } from "../report/results.ts";
import { spreadOf } from "../report/statistics.ts";
import { figure } from "../report/table.ts";

const runs = 9;
const edits = 100;
const coldEdits = 20;
const settleMs = 500;

interface Handle {
  readonly url: string;
  doc(): { items: string[] };
  change(edit: (doc: { items: string[] }) => void): void;
}
interface StartWindow {
  readonly presync: {
    open(name: string, init: object): Promise<Handle>;
    saved(handle: Handle, where: "device"): Promise<void>;
  };
  readonly repo: { create(init: object): Handle; flush(): Promise<void> };
  readonly handle: Handle;
}

/** Milliseconds since the navigation began. */
interface Start {
  readonly paint: number;
  readonly connected: number;
  readonly content: number;
}

interface Row {
  readonly what: string;
  readonly starts: readonly Start[];
}

interface Found {
  readonly rows: readonly Row[];
  /** How long each edit took to the disk, in milliseconds. */
  readonly saves: readonly number[];
  /** The same for edits that had to start the worker. */
  readonly coldSaves: readonly number[];
}

export async function measureStartUp(): Promise<Outcome> {
  const stack = await startBenchStack();
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--disable-gpu", "--disable-quic"],
  });
  try {
    return outcome(await measure(stack, await browser.newContext()));
  } finally {
    await browser.close();
    await stack.close();
  }
}

async function measure(stack: BenchStack, context: BrowserContext): Promise<Found> {
  const [origin] = stack.origins;
  const stopWorkers = await createWorkerStopper(context);
  const setup = await open(context, `${origin}/start.html`);
  await setup.evaluate(fillPresync, documentCount);
  await setup.close();
  const own = `${origin}/start.html?open=${encodeURIComponent("document 500")}`;
  const editor = await open(context, own);
  const saves = await editor.evaluate(measureSaves, edits);
  const coldSaves: number[] = [];
  for (let run = 0; run < coldEdits; run++) {
    await stopWorkers();
    coldSaves.push(...(await editor.evaluate(measureSaves, 1)));
    await editor.waitForTimeout(settleMs);
  }
  await editor.close();
  // Not below the worker's eyes: another origin has none.
  const [, peerOrigin] = stack.origins;
  const peer = await open(context, `${peerOrigin}/peer.html`);
  const url = await peer.evaluate(fillPeer, documentCount);
  await peer.close();

  const rows = {
    offline: [] as Start[],
    online: [] as Start[],
    warm: [] as Start[],
    peer: [] as Start[],
  };
  // They take turns, so that what else the machine does meets all of them.
  for (let run = 0; run < runs; run++) {
    await stopWorkers();
    rows.online.push(await start(context, own));
    rows.warm.push(await start(context, own));
    await stopWorkers();
    await stack.stopApp();
    rows.offline.push(await start(context, own));
    await stack.startApp();
    rows.peer.push(await start(context, `${peerOrigin}/peer.html?open=${url}`));
  }
  return {
    saves,
    coldSaves,
    rows: [
      { what: "presync, worker not running, offline", starts: rows.offline },
      { what: "presync, worker not running", starts: rows.online },
      { what: "presync, worker running", starts: rows.warm },
      { what: "automerge-repo and IndexedDB in the page", starts: rows.peer },
    ],
  };
}

async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName("content").length > 0);
  return page;
}

async function start(context: BrowserContext, url: string): Promise<Start> {
  const page = await open(context, url);
  // The page reports what it has loaded, and the worker stores it: that is not part of the next start.
  await page.waitForTimeout(settleMs);
  const found = await page.evaluate(() => {
    const { handle } = window as unknown as StartWindow;
    const [paint, connected, content] = ["first-contentful-paint", "connected", "content"].map(
      (name) => performance.getEntriesByName(name)[0]?.startTime ?? 0,
    );
    return { items: handle.doc().items.length, paint, connected, content };
  });
  await page.close();
  const { items, paint = 0, connected = 0, content = 0 } = found;
  if (items === 0) throw new Error("there is no content");
  return { paint, connected, content };
}

async function fillPresync(count: number): Promise<void> {
  const { presync } = window as unknown as StartWindow;
  for (let index = 0; index < count; index++) {
    const handle = await presync.open(`document ${index}`, { items: [] });
    handle.change((doc) => void doc.items.push(`item of ${index}`, "another", "a third"));
    if (index % 50 === 49) await presync.saved(handle, "device");
  }
}

/** Returns the address of one in the middle. */
async function fillPeer(count: number): Promise<string> {
  const { repo } = window as unknown as StartWindow;
  let url = "";
  for (let index = 0; index < count; index++) {
    const handle = repo.create({ items: [`item of ${index}`, "another", "a third"] });
    if (index === count / 2) ({ url } = handle);
  }
  await repo.flush();
  return url;
}

async function measureSaves(count: number): Promise<number[]> {
  const { presync, handle } = window as unknown as StartWindow;
  const took: number[] = [];
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    handle.change((doc) => {
      doc.items[0] = `edit ${index}`;
    });
    await presync.saved(handle, "device");
    took.push(performance.now() - begun);
  }
  return took;
}

function median(starts: readonly Start[], name: keyof Start): number {
  return spreadOf(starts.map((found) => found[name])).median;
}

function saveRow(worker: string, saves: readonly number[]): string[] {
  const { median: middle, p95 } = spreadOf(saves);
  return [worker, String(saves.length), figure(middle), figure(p95), figure(Math.max(...saves))];
}

function outcome({ rows, saves, coldSaves }: Found): Outcome {
  const peer = median(rows.at(-1)!.starts, "content");
  return {
    name: "start-up",
    title: "Start of a page",
    notes: [
      `Chromium, ${documentCount} documents on the device, one of them opened; milliseconds since the navigation began, medians of ${runs} runs in which all take turns. Offline: the app's server is down.`,
      "The page paints before any script has run, so its first paint waits for nothing of presync.",
      "The peer has everything in the page: no other tab sees what it does, and what it has not stored is lost with the tab.",
    ],
    tables: [
      {
        title: "From navigation to content",
        columns: ["", "first paint", "connected", "content", "worst", "against the peer"],
        rows: rows.map(({ what, starts }) => [
          what,
          figure(median(starts, "paint")),
          figure(median(starts, "connected")),
          figure(median(starts, "content")),
          figure(Math.max(...starts.map(({ content }) => content))),
          `${figure(median(starts, "content") / peer)}x`,
        ]),
      },
      {
        title: "From an edit until it is on the disk, ms",
        columns: ["worker", "edits", "median", "p95", "worst"],
        rows: [saveRow("running", saves), saveRow("not running", coldSaves)],
      },
    ],
    checks: [],
    exact: { documents: documentCount },
    times: { rows, saves, coldSaves },
  };
}
