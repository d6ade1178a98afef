/** How long it takes from an edit on one device until another one has it. */
import { countLoneEdits } from "../counts/lone-edits.ts";
import type { Network } from "../network/links.ts";
import { openNetwork } from "../network/links.ts";
import { measureAddedRoundTrip } from "../network/round-trip.ts";
import { loadSystem, systemNames } from "../peers/all.ts";
import type { Hosted, LiveClients, SystemName } from "../peers/system.ts";
import { emptyText } from "../peers/system.ts";
import type { Outcome } from "../report/results.ts";
import type { Spread } from "../report/statistics.ts";
import { spreadOf } from "../report/statistics.ts";
import type { Table } from "../report/table.ts";
import { figure, ratio } from "../report/table.ts";
import { atMost, targets } from "../report/targets.ts";

const [near, far] = [0, 40];
const roundTripsMs = [near, far];
/** Rounds in which each system makes one edit, in turn. */
const spacedRounds = 24;
/** One PUT a second and key is what R2 and GCS allow: closer edits of presync are not lone ones. */
const roundMs = 1_250;
/** The first one waits for what came before it. */
const warmUpRounds = 1;

/** Each edit as soon as the one before was seen. */
const backToBackEdits = 100;
/** presync writes once in 1.1 s then, so few of them take long enough. */
const backToBackEditsOfPresync = 12;

const polledEdits = 200;
const seenMsMax = 30_000;

interface Latency {
  readonly system: SystemName;
  readonly roundTripMs: number;
  readonly pattern: "spaced" | "back to back";
  readonly ms: Spread;
}

export async function measureEditToSeen(): Promise<Outcome> {
  const network = await openNetwork();
  const latencies: Latency[] = [];
  for (const roundTripMs of roundTripsMs)
    latencies.push(...(await measureAll(network, roundTripMs)));
  const addedMs = await measureAddedRoundTrip(network, far);
  await network.close();
  const polled = spreadOf((await countLoneEdits(polledEdits, false)).seenAfterMs);

  const ofPresync = (roundTripMs: number): Latency =>
    latencies.find(
      (each) =>
        each.system === "presync" && each.roundTripMs === roundTripMs && each.pattern === "spaced",
    )!;
  return {
    name: "edit-to-seen",
    title: "Edit to seen",
    notes: [
      `One text open on two clients, through the server or the store on loopback; a proxy adds the round trip. Spaced: one edit every ${roundMs} ms, the systems in turn, ${spacedRounds} rounds. Back to back: each edit as soon as the one before was seen (${backToBackEdits} edits; presync ${backToBackEditsOfPresync}, because it writes no more than once in 1.1 s, which is what R2 and GCS allow per key).`,
      "presync's reader is hinted the moment the writer's PUT was acknowledged, without delay: what a direct channel between two devices does at best. Its devices run in one process.",
      `Round trips: what the added round trip adds to presync's median, over what it adds to an echo (${figure(addedMs)} ms). Besides there are the flush delay (25 ms), and what all processes compute; where time is virtual, a test holds two round trips and the delay exactly (sw/engine/engine-latency.test.ts).`,
      "Polling: virtual time, no network delay, lone edits 10 s to 2 min apart, a visible tab; what is seen without any hint.",
    ],
    tables: [
      ...roundTripsMs.map((roundTripMs) => latencyTable(latencies, roundTripMs)),
      {
        title: "presync without hints: polling alone",
        columns: ["", "median", "p95", "max"],
        rows: [
          [
            "edit to seen",
            `${figure(polled.median)} ms`,
            `${figure(polled.p95)} ms`,
            `${figure(polled.max)} ms`,
          ],
        ],
      },
    ],
    checks: [
      atMost(
        "spaced edit, hinted: round trips (a time)",
        (ofPresync(far).ms.median - ofPresync(near).ms.median) / addedMs,
        targets.roundTripsToSeen,
        "",
      ),
      atMost(
        "spaced edit, hinted: besides, without a round trip (a time)",
        ofPresync(near).ms.median,
        targets.besidesRoundTripsMs,
        "ms",
      ),
    ],
    exact: { polled },
    times: { latencies },
  };
}

function latencyTable(latencies: readonly Latency[], roundTripMs: number): Table {
  const of = (system: SystemName, pattern: Latency["pattern"]): Spread =>
    latencies.find(
      (each) =>
        each.system === system && each.pattern === pattern && each.roundTripMs === roundTripMs,
    )!.ms;
  return {
    title: `${roundTripMs} ms added round trip: milliseconds, and the median against automerge-repo's`,
    columns: ["", "spaced median", "p95", "ratio", "back to back median", "p95", "ratio"],
    rows: systemNames.map((system) => [
      system,
      ...(["spaced", "back to back"] as const).flatMap((pattern) => {
        const { median, p95 } = of(system, pattern);
        const peer = of("automerge-repo", pattern).median;
        return [figure(median), figure(p95), ratio(median / peer)];
      }),
    ]),
  };
}

async function measureAll(network: Network, roundTripMs: number): Promise<Latency[]> {
  const hosts: Hosted[] = [];
  const clients: LiveClients[] = [];
  for (const name of systemNames) {
    const host = await (await loadSystem(name)).host(emptyText);
    hosts.push(host);
    clients.push(await host.live(network, roundTripMs));
  }
  const spaced = systemNames.map((): number[] => []);
  for (let round = 0; round < warmUpRounds + spacedRounds; round++) {
    const roundEnd = performance.now() + roundMs;
    for (const [index, client] of clients.entries()) {
      const seenMs = await editAndSee(client);
      if (round >= warmUpRounds) spaced[index]!.push(seenMs);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, roundEnd - performance.now())));
  }
  const latencies: Latency[] = [];
  for (const [index, system] of systemNames.entries()) {
    const backToBack: number[] = [];
    const edits = system === "presync" ? backToBackEditsOfPresync : backToBackEdits;
    for (let edit = 0; edit < edits; edit++) backToBack.push(await editAndSee(clients[index]!));
    latencies.push(
      { system, roundTripMs, pattern: "spaced", ms: spreadOf(spaced[index]!) },
      { system, roundTripMs, pattern: "back to back", ms: spreadOf(backToBack) },
    );
  }
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(hosts.map((host) => host.close()));
  return latencies;
}

/** Milliseconds from one typed character until the other client has it. */
function editAndSee({ writer, reader }: LiveClients): Promise<number> {
  const length = writer.text().length + 1;
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error("an edit was never seen")), seenMsMax);
    reader.onceChanged(
      () => reader.text().length >= length,
      () => {
        clearTimeout(limit);
        resolve(performance.now() - startedAt);
      },
    );
    writer.splice(length - 1, 0, "x");
  });
}
