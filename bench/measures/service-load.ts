/** What the service can bear: grants signed on one core, and garbage while people are served. */
import { parseGrant, signatureBytes } from "../../shared/grants.ts";
import { objectNames } from "../../shared/keys.ts";
import { startGarbage } from "../load/garbage.ts";
import type { GrantClient } from "../load/grant-client.ts";
import { signUp } from "../load/grant-client.ts";
import type { ServiceProcess, ServiceUse } from "../load/service-process.ts";
import { startServiceProcess } from "../load/service-process.ts";
import { startServer } from "../network/server-process.ts";
import { emptyText } from "../peers/system.ts";
import type { Outcome } from "../report/results.ts";
import type { Spread } from "../report/statistics.ts";
import { spreadOf } from "../report/statistics.ts";
import { figure, ratio } from "../report/table.ts";
import { atMost, targets } from "../report/targets.ts";

/** Replicas of a namespace, and how many grants are worth waiting for there. */
const namespaces = [
  { replicas: 1, grants: 400 },
  { replicas: 20, grants: 200 },
  { replicas: 200, grants: 40 },
];
const concurrency = 8;

const garbageBytesPerSecond = 50_000;
const rounds = 4;
const quietMs = 8_000;
const garbageMs = 20_000;
/** Five a second, from ten people: far below any limit. */
const people = 10;
const requestIntervalMs = 200;

interface Throughput {
  readonly replicas: number;
  readonly signatures: number;
  readonly bytes: number;
  readonly perSecond: number;
  readonly cpuMsPerGrant: number;
}

interface Stretch {
  readonly ms: number[];
  failures: number;
  readonly uses: ServiceUse[];
}

export async function measureServiceLoad(): Promise<Outcome> {
  const store = await startServer(new URL("../peers/presync-store.ts", import.meta.url), emptyText);
  const unlimited = await startServiceProcess(store.port, "unlimited");
  const throughputs: Throughput[] = [];
  for (const { replicas, grants } of namespaces)
    throughputs.push(await measureThroughput(unlimited, replicas, grants));
  await unlimited.close();
  const limited = await startServiceProcess(store.port, "limited");
  const garbage = await measureGarbage(limited);
  await limited.close();
  await store.close();
  return outcomeOf(throughputs, garbage);
}

async function measureThroughput(
  service: ServiceProcess,
  replicas: number,
  grants: number,
): Promise<Throughput> {
  const client = await signUp(service.url, replicas, "192.0.2.1", concurrency);
  const first = await client.renew();
  const { put, get, layout } = parseGrant(JSON.parse(first.text));
  await renewals(client, concurrency);
  const before = await service.use();
  const startedAt = performance.now();
  await renewals(client, grants);
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuMs } = await service.use();
  client.close();
  const signed = [...(put?.replicas ?? []), ...get.replicas].map(
    ({ signatures }) => signatures.length,
  );
  const letters = Math.ceil((objectNames(layout).length * signatureBytes * 4) / 3);
  if (signed.some((length) => length !== letters)) throw new Error("signatures are missing");
  return {
    replicas,
    signatures: signed.length * objectNames(layout).length,
    bytes: first.bytes,
    perSecond: grants / seconds,
    cpuMsPerGrant: (cpuMs - before.cpuMs) / grants,
  };
}

/** As many at once as the client has connections. */
async function renewals(client: GrantClient, count: number): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      const { status } = await client.renew();
      if (status !== 200) throw new Error(`a renewal was answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

interface GarbageRun {
  readonly quiet: Stretch;
  readonly loaded: Stretch;
  readonly before: ServiceUse;
  readonly after: ServiceUse;
  readonly bytes: number;
  readonly openMax: number;
  readonly answered: ReadonlyMap<string, number>;
}

async function measureGarbage(service: ServiceProcess): Promise<GarbageRun> {
  const clients: GrantClient[] = [];
  for (let person = 0; person < people; person++)
    clients.push(await signUp(service.url, 2, `198.51.100.${person}`));
  const quiet: Stretch = { ms: [], failures: 0, uses: [] };
  const loaded: Stretch = { ms: [], failures: 0, uses: [] };
  const answered = new Map<string, number>();
  let [bytes, openMax] = [0, 0];
  await serve(clients, quietMs);
  const before = await service.use();
  for (let round = 0; round < rounds; round++) {
    add(quiet, await serve(clients, quietMs));
    quiet.uses.push(await service.use());
    const garbage = startGarbage(Number(new URL(service.url).port), garbageBytesPerSecond);
    add(loaded, await serve(clients, garbageMs));
    loaded.uses.push(await service.use());
    garbage.stop();
    bytes += garbage.bytes;
    openMax = Math.max(openMax, garbage.openMax);
    for (const [what, count] of garbage.answered)
      answered.set(what, (answered.get(what) ?? 0) + count);
  }
  const after = await service.use();
  for (const client of clients) client.close();
  return { quiet, loaded, before, after, bytes, openMax, answered };
}

/** What people do meanwhile, one after the other and evenly. */
async function serve(clients: readonly GrantClient[], forMs: number): Promise<Stretch> {
  const stretch: Stretch = { ms: [], failures: 0, uses: [] };
  const requests: Promise<void>[] = [];
  for (let at = 0; at < forMs / requestIntervalMs; at++) {
    const asked = clients[at % clients.length]!.renew();
    requests.push(
      asked.then(
        ({ status, ms }) => {
          if (status === 200) stretch.ms.push(ms);
          else stretch.failures++;
        },
        () => void stretch.failures++,
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, requestIntervalMs));
  }
  await Promise.all(requests);
  return stretch;
}

function add(to: Stretch, more: Stretch): void {
  to.ms.push(...more.ms);
  to.failures += more.failures;
}

function outcomeOf(throughputs: readonly Throughput[], run: GarbageRun): Outcome {
  const { quiet, loaded, before, after, answered } = run;
  const [without, withGarbage] = [spreadOf(quiet.ms), spreadOf(loaded.ms)];
  const heapBytesMax = Math.max(...loaded.uses.map(({ heapBytes }) => heapBytes));
  const seconds = (rounds * garbageMs) / 1000;
  return {
    name: "service-load",
    title: "The service under load",
    notes: [
      `Grants: a device renews its grant, ${concurrency} requests at a time; the service in one process, without limits, store and client in two others on the same two cores. On one core: a second through the processor time that the service's process took for a grant, requests to the store and log included.`,
      `Garbage: ${garbageBytesPerSecond / 1000} kB/s for ${garbageMs / 1000} s, ${rounds} times, a quarter each of random bytes, requests that are never finished, headers of 20 kB and malformed JSON, on a connection each, the JSON from addresses that no limit has seen. Meanwhile, and in ${rounds} times ${quietMs / 1000} s without any, ${people} people renew grants, ${1000 / requestIntervalMs} a second; limits as \`presync serve\` has them.`,
      `At most ${run.openMax} connections of garbage were open at once: the service closes what is not finished in ten seconds.`,
    ],
    tables: [
      {
        title: "Signed grants",
        columns: [
          "replicas",
          "signatures in a grant",
          "kB",
          "grants a second",
          "CPU ms per grant",
          "a second on one core",
        ],
        rows: throughputs.map((each) => [
          String(each.replicas),
          figure(each.signatures),
          figure(each.bytes / 1000),
          figure(each.perSecond),
          figure(each.cpuMsPerGrant),
          figure(1000 / each.cpuMsPerGrant),
        ]),
      },
      {
        title: "A renewal while garbage comes: milliseconds",
        columns: [
          "",
          "requests",
          "failed",
          "median",
          "against none",
          "p95",
          "worst",
          "heap MB",
          "rss MB",
        ],
        rows: [
          row("without garbage", without, quiet, 1),
          row("with garbage", withGarbage, loaded, withGarbage.median / without.median),
        ],
      },
      {
        title: "What became of the garbage",
        columns: ["", "connections a second"],
        rows: [...answered]
          .toSorted(([a], [b]) => a.localeCompare(b))
          .map(([what, count]) => [what, figure(count / seconds)]),
      },
    ],
    checks: [
      atMost("renewals that failed while garbage came", loaded.failures, 0, ""),
      atMost(
        "heap with garbage, over before",
        Math.max(0, heapBytesMax - before.heapBytes),
        targets.garbageHeapBytes,
        "B",
      ),
    ],
    exact: throughputs.map(({ replicas, signatures }) => ({ replicas, signatures })),
    times: {
      throughputs,
      without,
      withGarbage,
      ratio: withGarbage.median / without.median,
      uses: { before, quiet: quiet.uses, loaded: loaded.uses, after },
      bytes: run.bytes,
    },
  };
}

function megabytes(values: readonly number[]): string {
  return figure(Math.max(...values) / 1e6);
}

function row(what: string, spread: Spread, { uses, failures }: Stretch, against: number): string[] {
  return [
    what,
    String(spread.samples),
    String(failures),
    figure(spread.median),
    ratio(against),
    figure(spread.p95),
    figure(spread.max),
    megabytes(uses.map(({ heapBytes }) => heapBytes)),
    megabytes(uses.map(({ rssBytesMax }) => rssBytesMax)),
  ];
}
