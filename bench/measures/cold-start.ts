/** A client that has nothing: what it moves and how long it takes until everything is on the device, and read. */
import type { Dataset } from "../documents.ts";
import { textEdits } from "../documents.ts";
import type { Network } from "../network/links.ts";
import { openNetwork } from "../network/links.ts";
import type { ColdRun } from "../network/run-cold-client.ts";
import { runColdClient } from "../network/run-cold-client.ts";
import { loadSystem, systemNames } from "../peers/all.ts";
import type { Hosted, SystemName } from "../peers/system.ts";
import type { Outcome } from "../report/results.ts";
import { spreadOf } from "../report/statistics.ts";
import type { Table } from "../report/table.ts";
import { figure, ratio } from "../report/table.ts";
import type { Check } from "../report/targets.ts";
import { atMost, targets } from "../report/targets.ts";

interface Scenario {
  readonly title: string;
  readonly dataset: Dataset;
  readonly roundTripMs: number;
  readonly repeats: number;
  /** All of them where nothing is said. */
  readonly systems?: readonly SystemName[];
  /** Left out where presync only has to have everything on the device. */
  readonly opens?: false;
}

const text: Dataset = { kind: "text", count: textEdits };
const tasks: Dataset = { kind: "tasks", count: 1_000 };
const notes: Dataset = { kind: "notes", count: 1_000 };
const manyTasks: Dataset = { kind: "tasks", count: 10_000 };

/**
 * A Repo with that many documents open spends minutes collecting garbage, and y-websocket needs a connection for each:
 * more than a process, here the proxy, may have files open.
 */
const forMany: readonly SystemName[] = ["presync", "hocuspocus"];

/** Those of one dataset stand together: they are served by the same hosts. */
const scenarios: readonly Scenario[] = [
  { title: "a text of 50,000 keystrokes", dataset: text, roundTripMs: 0, repeats: 3 },
  { title: "the same text, 40 ms round trip", dataset: text, roundTripMs: 40, repeats: 2 },
  { title: "1,000 tasks", dataset: tasks, roundTripMs: 0, repeats: 3 },
  { title: "1,000 tasks, 40 ms round trip", dataset: tasks, roundTripMs: 40, repeats: 2 },
  { title: "1,000 notes", dataset: notes, roundTripMs: 0, repeats: 1 },
  {
    title: "10,000 tasks",
    dataset: manyTasks,
    roundTripMs: 0,
    repeats: 1,
    systems: forMany,
    opens: false,
  },
];

interface ScenarioResult {
  readonly scenario: Scenario;
  readonly runs: ReadonlyMap<SystemName, readonly ColdRun[]>;
}

export async function measureColdStart(): Promise<Outcome> {
  const network = await openNetwork();
  const results: ScenarioResult[] = [];
  for (const dataset of new Set(scenarios.map((scenario) => scenario.dataset))) {
    const own = scenarios.filter((scenario) => scenario.dataset === dataset);
    console.error(`… ${own.map(({ title }) => title).join("; ")}`);
    results.push(...(await measureDataset(network, dataset, own)));
  }
  await network.close();
  const [textResult, , tasksResult, , , manyResult] = results;
  return {
    name: "cold-start",
    title: "Cold start",
    notes: [
      "Each client is a process of its own, after its code and wasm were loaded, with as many threads for compiling and collecting as the machine has cores beside its own; the systems take turns. Read: every document's content was read; the peers open them for that, presync reads it without opening (`peek`). Opened: there is a handle of every document, and it was read. Durable: presync has everything on its disk (in memory here, as everywhere in this table; the peers keep nothing on the client's disk).",
      "Bytes down are TCP payload with all headers; bodies are what presync reads of objects. Requests of presync: GETs with an object, GETs without (its own manifest, which does not exist yet, and ids reserved for devices to come), and PUTs (its first manifest).",
      "10,000 tasks: presync opens none of them (the memory shown is that of a device that has them all, unopened). automerge-repo is left out, because a Repo in Node with so many documents open spends minutes collecting garbage; and y-websocket, because it needs 10,000 connections.",
      "Tasks: three fields, one of which was changed nine times. Notes: the same number of changes to a flag, a number and a text of random words. Servers and store have everything in memory or in the page cache.",
    ],
    tables: results.map((result) => scenarioTable(result)),
    checks: [
      ...checksOf(textResult!, "text", targets.coldTextBytes, targets.coldTextRequests),
      ...checksOf(
        tasksResult!,
        "1,000 tasks",
        targets.coldThousandBytes,
        targets.coldThousandRequests,
      ),
      ...["automerge-repo", "hocuspocus"].map((peer) =>
        atMost(
          `1,000 tasks read, against ${peer} (a time)`,
          medianRead(tasksResult!, "presync") / medianRead(tasksResult!, peer as SystemName),
          1,
          "x",
        ),
      ),
      atMost(
        "10,000 tasks: body bytes per document against those of 1,000",
        bodyBytes(manyResult!) / bodyBytes(tasksResult!) / 10,
        1,
        "x",
      ),
    ],
    exact: results.map(({ scenario, runs }) => ({
      scenario: scenario.title,
      presync: {
        requests: first(runs, "presync").requests,
        bodyBytes: first(runs, "presync").bodyBytes,
      },
    })),
    times: results.map(({ scenario, runs }) => ({
      scenario: scenario.title,
      systems: Object.fromEntries(
        [...runs].map(([name, of]) => [
          name,
          {
            readMs: spreadOf(of.map(({ readMs }) => readMs ?? Number.NaN)),
            openedMs: spreadOf(of.map(({ openedMs }) => openedMs ?? Number.NaN)),
            durableMs:
              name === "presync" ? spreadOf(of.map(({ durableMs }) => durableMs ?? 0)) : null,
            traffic: of[0]!.traffic,
            memory: of[0]!.memory,
            memoryUnopened: of[0]!.memoryUnopened,
          },
        ]),
      ),
    })),
  };
}

/** One dataset's scenarios, on hosts that are filled once. */
async function measureDataset(
  network: Network,
  dataset: Dataset,
  own: readonly Scenario[],
): Promise<ScenarioResult[]> {
  const hosts = new Map<SystemName, Hosted>();
  const systems = new Set(own.flatMap((scenario) => scenario.systems ?? systemNames));
  for (const name of systems) hosts.set(name, await (await loadSystem(name)).host(dataset));
  const results: ScenarioResult[] = [];
  for (const scenario of own) {
    const { roundTripMs, repeats, opens = true } = scenario;
    const runs = new Map<SystemName, ColdRun[]>([...systems].map((name) => [name, []]));
    for (let repeat = 0; repeat < repeats; repeat++)
      for (const [system, hosted] of hosts) {
        const order = { system, dataset, roundTripMs, opens };
        runs.get(system)!.push(await runColdClient(network, hosted, order));
      }
    results.push({ scenario, runs });
  }
  await Promise.all([...hosts.values()].map((hosted) => hosted.close()));
  return results;
}

function scenarioTable({ scenario, runs }: ScenarioResult): Table {
  const peer = spreadOf(
    (runs.get("automerge-repo") ?? []).map(({ readMs }) => readMs ?? Number.NaN),
  ).median;
  return {
    title: `${scenario.title} (${scenario.repeats} ${scenario.repeats === 1 ? "run" : "runs"})`,
    columns: [
      "",
      "durable ms",
      "read ms",
      "min - max",
      "opened ms",
      "against automerge-repo",
      "bytes down",
      "bytes up",
      "bodies",
      "requests",
      "heap MB",
      "wasm MB",
    ],
    rows: [...runs].map(([name, of]) => {
      const read = spreadOf(of.map(({ readMs }) => readMs ?? Number.NaN));
      const { traffic, memory, bodyBytes: bodies, requests } = of[0]!;
      return [
        name,
        figure(spreadOf(of.map(({ durableMs }) => durableMs ?? Number.NaN)).median),
        figure(read.median),
        of.length < 2 ? "-" : `${figure(read.min)} - ${figure(read.max)}`,
        figure(spreadOf(of.map(({ openedMs }) => openedMs ?? Number.NaN)).median),
        ratio(read.median / peer),
        figure(traffic.down),
        figure(traffic.up),
        bodies === null ? "-" : figure(bodies),
        requests === null ? "-" : Object.values(requests).join(" + "),
        figure(memory.heapBytes / 1e6),
        figure(memory.wasmBytes / 1e6),
      ];
    }),
  };
}

function first(runs: ScenarioResult["runs"], name: SystemName): ColdRun {
  return runs.get(name)![0]!;
}

function bodyBytes({ runs }: ScenarioResult): number {
  return first(runs, "presync").bodyBytes ?? Number.NaN;
}

function medianRead({ runs }: ScenarioResult, name: SystemName): number {
  return spreadOf(runs.get(name)!.map(({ readMs }) => readMs ?? Number.NaN)).median;
}

function checksOf(
  result: ScenarioResult,
  what: string,
  bytesMax: number,
  requestsMax: number,
): Check[] {
  const { gets = 0 } = first(result.runs, "presync").requests ?? {};
  return [
    atMost(`${what}: body bytes`, bodyBytes(result), bytesMax, "B"),
    atMost(`${what}: GETs of the one replica that has something`, gets, requestsMax, "GET"),
  ];
}
