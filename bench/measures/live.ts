/**
 * How long an edit takes from one real browser to another, by each way that presync has, beside automerge-repo's WebSocket
 * server in the same run.
 */
import type { Browser, Page } from "@playwright/test";
import { chromium } from "@playwright/test";
import type { LivePage, PresyncPage } from "../browser/live-pages.ts";
import type { BenchStack } from "../browser/stack.ts";
import { startBenchStack } from "../browser/stack.ts";
import { delayChannels } from "../browser/delay-channels.ts";
import { measureAddedToRequest } from "../browser/request-round-trip.ts";
import type { Network } from "../network/links.ts";
import { openNetwork } from "../network/links.ts";
import type { ServerProcess } from "../network/server-process.ts";
import { startServer } from "../network/server-process.ts";
import { emptyText } from "../peers/system.ts";
import type { Outcome } from "../report/results.ts";
import type { Spread } from "../report/statistics.ts";
import { spreadOf } from "../report/statistics.ts";
import type { Table } from "../report/table.ts";
import { figure, ratio } from "../report/table.ts";
import { atMost, targets } from "../report/targets.ts";

const roundTripsMs = [0, 40];
const spacedRounds = 60;
/** One PUT a second and key is what R2 and GCS allow: closer edits of presync are not lone ones. */
const roundMs = 1_600;
/** The first ones meet code that was never run. */
const warmUpRounds = 2;
/** Edits of both sides together, each as soon as the one before was seen. */
const backToBackEdits = 100;
/** Where each takes a PUT, which is allowed about once a second. */
const backToBackEditsByBucket = 12;
const seenMsMax = 60_000;

const ways = ["poll only", "reports", "store events", "WebRTC", "automerge-repo"] as const;
type Way = (typeof ways)[number];
const hintWays = ["reports", "store events"] as const;

interface Pair {
  readonly way: Way;
  readonly writer: Page;
  readonly reader: Page;
}

interface Latency {
  readonly way: Way;
  readonly roundTripMs: number;
  readonly spaced: Spread;
  readonly backToBack: Spread;
}

interface LiveWindow {
  readonly live: LivePage;
  readonly presync: PresyncPage;
  readonly url: string;
}

export async function measureLive(): Promise<Outcome> {
  const network = await openNetwork();
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--disable-gpu", "--disable-quic"],
  });
  try {
    const latencies: Latency[] = [];
    for (const roundTripMs of roundTripsMs)
      latencies.push(...(await measureAll(network, browser, roundTripMs)));
    return outcome(latencies, await measureAddedToRequest(network, browser, roundTripsMs[1]!));
  } finally {
    await browser.close();
    await network.close();
  }
}

/** `addedMs` is what the longer round trip really was, beyond the shorter one. */
function outcome(latencies: readonly Latency[], addedMs: number): Outcome {
  const of = (way: Way, roundTripMs: number): Latency =>
    latencies.find((each) => each.way === way && each.roundTripMs === roundTripMs)!;
  return {
    name: "live",
    title: "From browser to browser",
    notes: [
      `Two Chromium profiles with one text open, store, service and WebSocket server on loopback; proxies add the round trip, to the data channel as well. Spaced: one edit every ${roundMs} ms, all ways in turn, ${spacedRounds} rounds. Back to back: both sides write in turn, each as soon as it has seen the other's (${backToBackEdits} edits; ${backToBackEditsByBucket} where each takes a PUT, which happens once in 1.1 s).`,
      "Poll only: no channels, and the service gives no hints. Reports: hints of the service, to which the writer reports its PUT. Store events: the store tells the service as well, which it stands beside. WebRTC: channels, found through the bucket or the service.",
      `Round trips: what the added round trip adds to the median, over what it adds to a browser's request (${figure(addedMs)} ms); what a way takes besides is waiting and computing, which the first table shows.`,
    ],
    tables: roundTripsMs.map((roundTripMs) => latencyTable(of, roundTripMs)),
    checks: [
      ...roundTripsMs.flatMap((roundTripMs) => {
        const { spaced, backToBack } = of("WebRTC", roundTripMs);
        const peer = of("automerge-repo", roundTripMs);
        const ratios = [
          spaced.median / peer.spaced.median,
          backToBack.median / peer.backToBack.median,
        ] as const;
        const when = `${roundTripMs} ms round trip (a time)`;
        return [
          atMost(`WebRTC, spaced, ${when}`, ratios[0], targets.channelRatioSpaced, "x"),
          atMost(`WebRTC, back to back, ${when}`, ratios[1], targets.channelRatioBackToBack, "x"),
        ];
      }),
      ...hintWays.map((way) => {
        const [near, far] = roundTripsMs.map((roundTripMs) => of(way, roundTripMs).spaced.median);
        const roundTrips = (far! - near!) / addedMs;
        return atMost(`${way}: round trips (a time)`, roundTrips, targets.hintRoundTrips[way], "");
      }),
    ],
    exact: { ways },
    times: { latencies },
  };
}

function latencyTable(of: (way: Way, roundTripMs: number) => Latency, roundTripMs: number): Table {
  const peer = of("automerge-repo", roundTripMs);
  return {
    title: `${roundTripMs} ms added round trip: milliseconds, and the median against automerge-repo's`,
    columns: ["", "spaced median", "p95", "ratio", "back to back median", "p95", "ratio"],
    rows: ways.map((way) => [
      way,
      ...(["spaced", "backToBack"] as const).flatMap((pattern) => {
        const { median, p95 } = of(way, roundTripMs)[pattern];
        return [figure(median), figure(p95), ratio(median / peer[pattern].median)];
      }),
    ]),
  };
}

async function measureAll(
  network: Network,
  browser: Browser,
  roundTripMs: number,
): Promise<Latency[]> {
  const reachedAt = async (port: number): Promise<number> =>
    (await network.link(port, roundTripMs)).port;
  const stacks: BenchStack[] = [];
  const openPresync = async (way: Way): Promise<Pair> => {
    const stack = await startBenchStack({
      reachedAt,
      hints: way === "poll only" ? "off" : way === "store events" ? way : "reports",
    });
    stacks.push(stack);
    return presyncPair(browser, network, { way, stack, roundTripMs });
  };
  const server = await startServer(
    new URL("../peers/automerge-repo-server.ts", import.meta.url),
    emptyText,
  );
  try {
    const pairs: Pair[] = [];
    for (const way of ways)
      pairs.push(
        way === "automerge-repo"
          ? await peerPair(browser, stacks[0]!, server, reachedAt)
          : await openPresync(way),
      );
    return await measurePairs(pairs, roundTripMs);
  } finally {
    for (const context of browser.contexts()) await context.close();
    for (const stack of stacks) await stack.close();
    await server.close();
  }
}

async function measurePairs(pairs: readonly Pair[], roundTripMs: number): Promise<Latency[]> {
  const spacedEdits = warmUpRounds + spacedRounds;
  for (let round = 0; round < spacedEdits; round++) {
    const roundEnd = performance.now() + roundMs;
    for (const { writer } of pairs) {
      await writer.evaluate(() => (window as unknown as LiveWindow).live.type());
      await writer.waitForTimeout(roundMs / pairs.length / 2);
    }
    await pairs[0]!.writer.waitForTimeout(Math.max(0, roundEnd - performance.now()));
  }
  const latencies: Latency[] = [];
  for (const { way, writer, reader } of pairs) {
    await untilEqual(writer, reader);
    const [made, seen] = [await momentsOf(writer), await momentsOf(reader)];
    const took = made.slice(-spacedEdits).map((at, index) => seen.at(index - spacedEdits)! - at);
    const isByBucket = way !== "WebRTC" && way !== "automerge-repo";
    const edits = isByBucket ? backToBackEditsByBucket : backToBackEdits;
    const [backToBack] = await Promise.all([
      writeInTurn(writer, edits, true),
      writeInTurn(reader, edits, false),
    ]);
    latencies.push({
      way,
      roundTripMs,
      spaced: spreadOf(took.slice(warmUpRounds)),
      backToBack: spreadOf(backToBack),
    });
  }
  return latencies;
}

async function presyncPair(
  browser: Browser,
  network: Network,
  { way, stack, roundTripMs }: { way: Way; stack: BenchStack; roundTripMs: number },
): Promise<Pair> {
  const [origin] = stack.origins;
  const hasChannels = way === "WebRTC";
  const pages: Page[] = [];
  for (let index = 0; index < 2; index++) {
    const context = await browser.newContext();
    if (hasChannels) await delayChannels(context, network, roundTripMs);
    const page = await context.newPage();
    await page.goto(`${origin}/live.html?peers=${hasChannels ? "on" : "off"}`);
    await page.waitForFunction(() => "live" in window);
    pages.push(page);
  }
  const [writer, reader] = pages as [Page, Page];
  const secretKey = await writer.evaluate(() =>
    (window as unknown as LiveWindow).presync.newSecretKey(),
  );
  for (const page of pages)
    await page.evaluate(
      (key) => (window as unknown as LiveWindow).presync.signIn("key", { secretKey: key }),
      secretKey,
    );
  // Signing in has made another user's Repo the current one.
  for (const page of pages) {
    await page.reload();
    await page.waitForFunction(() => "live" in window);
  }
  await writer.evaluate(() => (window as unknown as LiveWindow).live.type());
  await untilEqual(writer, reader);
  for (const page of pages)
    await page.waitForFunction(
      (wanted) => {
        const { hints, peers } = (window as unknown as LiveWindow).presync.status.get();
        if (wanted === "WebRTC") return peers.some(({ channel }) => channel);
        return wanted === "poll only" || hints === "live";
      },
      way,
      { timeout: seenMsMax },
    );
  return { way, writer, reader };
}

async function peerPair(
  browser: Browser,
  stack: BenchStack,
  server: ServerProcess,
  reachedAt: (port: number) => Promise<number>,
): Promise<Pair> {
  // An origin of its own, where no worker is.
  const [, origin] = stack.origins;
  const open = async (query: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${origin}/live-peer.html?port=${await reachedAt(server.port)}${query}`);
    await page.waitForFunction(() => "live" in window);
    return page;
  };
  const writer = await open("");
  const url = await writer.evaluate(() => (window as unknown as LiveWindow).url);
  const reader = await open(`&open=${url}`);
  await writer.evaluate(() => (window as unknown as LiveWindow).live.type());
  await untilEqual(writer, reader);
  return { way: "automerge-repo", writer, reader };
}

async function untilEqual(writer: Page, reader: Page): Promise<void> {
  const wanted = await writer.evaluate(() => (window as unknown as LiveWindow).live.text().length);
  await reader.waitForFunction(
    (length) => (window as unknown as LiveWindow).live.text().length === length,
    wanted,
    { timeout: seenMsMax },
  );
}

function momentsOf(page: Page): Promise<number[]> {
  return page.evaluate(() => (window as unknown as LiveWindow).live.moments());
}

function writeInTurn(page: Page, edits: number, begins: boolean): Promise<number[]> {
  return page.evaluate(
    ([count, isFirst]) => (window as unknown as LiveWindow).live.writeInTurn(count, isFirst),
    [edits, begins] as const,
  );
}
