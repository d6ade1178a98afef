/** What a thousand streams of hints cost one instance: memory each, and processor time of what is told over them. */
import { openHintClient } from "../load/hint-client.ts";
import type { HintClient } from "../load/hint-client.ts";
import { startServiceProcess } from "../load/service-process.ts";
import { startServer } from "../network/server-process.ts";
import { emptyText } from "../peers/system.ts";
import type { Outcome } from "../report/results.ts";
import { figure } from "../report/table.ts";

const people = 250;
const streamsEach = 4;
const reports = 1_000;
const idleMs = 10_000;
const settleMs = 2_000;

export async function measureHintStreams(): Promise<Outcome> {
  const store = await startServer(new URL("../peers/presync-store.ts", import.meta.url), emptyText);
  const service = await startServiceProcess(store.port, "unlimited");
  const clients: HintClient[] = [];
  for (let n = 0; n < people; n++) clients.push(await openHintClient(service.url));
  await service.use();
  await pause(settleMs);
  const before = await service.use();
  for (const client of clients) for (let n = 0; n < streamsEach; n++) await client.listen();
  await service.use();
  await pause(settleMs);
  const open = await service.use();
  await pause(idleMs);
  const idle = await service.use();
  const startedAt = performance.now();
  for (let n = 0; n < reports; n++) await clients[n % people]!.report(n + 1);
  await pause(settleMs);
  const seconds = (performance.now() - startedAt - settleMs) / 1000;
  const told = await service.use();
  const heard = clients.reduce((sum, client) => sum + client.heard, 0);
  for (const client of clients) client.close();
  await service.close();
  await store.close();
  const streams = people * streamsEach;
  const deliveries = reports * streamsEach;
  if (heard < deliveries) throw new Error(`${heard} hints of ${deliveries} have come`);
  const rssKbEach = (open.rssBytesMax - before.rssBytesMax) / 1e3 / streams;
  const heapKbEach = (open.heapBytes - before.heapBytes) / 1e3 / streams;
  const idleCpuMsPerSecond = (idle.cpuMs - open.cpuMs) / (idleMs / 1000);
  const cpuMs = told.cpuMs - idle.cpuMs;
  return {
    name: "hint-streams",
    title: "Streams of hints",
    notes: [
      `${people} users with ${streamsEach} streams each, all at one instance in a process of its own; the bucket is watched for all of them, 20 lists a second, which the processor time contains.`,
      `${reports} reports, one after the other; each reaches ${streamsEach} streams.`,
    ],
    tables: [
      {
        title: `${streams} streams`,
        columns: ["", ""],
        rows: [
          ["kB of memory (RSS) each", figure(rssKbEach)],
          ["kB of heap each", figure(heapKbEach)],
          ["ms of processor time a second while nothing is reported", figure(idleCpuMsPerSecond)],
          [`ms of processor time for ${reports} reports`, figure(cpuMs)],
          ["reports a second", figure(reports / seconds)],
        ],
      },
    ],
    checks: [],
    exact: { streams, deliveries },
    times: { rssKbEach, heapKbEach, idleCpuMsPerSecond, cpuMs, seconds },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
