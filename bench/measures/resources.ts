/** Memory of a client, with its documents unopened and open, and processor time of an edit. */
import type { Dataset } from "../documents.ts";
import type { Network } from "../network/links.ts";
import { openNetwork } from "../network/links.ts";
import type { ColdRun } from "../network/run-cold-client.ts";
import { runColdClient } from "../network/run-cold-client.ts";
import { loadSystem, systemNames } from "../peers/all.ts";
import type { ClientMemory, LiveClients, SystemName } from "../peers/system.ts";
import { emptyText } from "../peers/system.ts";
import type { Outcome } from "../report/results.ts";
import { figure } from "../report/table.ts";

const few: Dataset = { kind: "tasks", count: 1 };
const many: Dataset = { kind: "tasks", count: 1_000 };

const cpuEdits = 10;
/** As slow as presync writes: no system is measured while it coalesces. */
const editIntervalMs = 1_250;

interface SystemUse {
  readonly system: SystemName;
  readonly few: ColdRun;
  readonly many: ColdRun;
  readonly cpuMsPerEdit: number;
}

export async function measureResources(): Promise<Outcome> {
  const network = await openNetwork();
  const uses: SystemUse[] = [];
  for (const system of systemNames) {
    uses.push({
      system,
      few: await coldRun(network, system, few),
      many: await coldRun(network, system, many),
      cpuMsPerEdit: await cpuPerEdit(network, system),
    });
  }
  await network.close();
  return {
    name: "resources",
    title: "Memory and processor time",
    notes: [
      "Memory after garbage collection, in a process of its own: heap of JavaScript and memories of WebAssembly. Per document: between 1 and 1,000 tasks. Unopened: everything is on the device and nothing was opened. The disk is in memory here, so what is unopened counts the bytes that would be on disk as well.",
      `Processor time: ${cpuEdits} single edits, ${editIntervalMs} ms apart; writer and reader together, network included, server and store not. presync polls meanwhile.`,
    ],
    tables: [
      {
        title: "Memory",
        columns: [
          "",
          "1 document: heap MB",
          "wasm MB",
          "1,000 open: heap MB",
          "wasm MB",
          "kB per open document",
          "1,000 unopened: heap MB",
          "wasm MB",
          "kB per unopened document",
        ],
        rows: uses.map(({ system, few: one, many: all }) => [
          system,
          ...megabytes(one.memory),
          ...megabytes(all.memory),
          figure(kilobytesEach(one.memory, all.memory)),
          ...(all.memoryUnopened === null || one.memoryUnopened === null
            ? ["-", "-", "-"]
            : [
                ...megabytes(all.memoryUnopened),
                figure(kilobytesEach(one.memoryUnopened, all.memoryUnopened)),
              ]),
        ]),
      },
      {
        title: "Processor time of an edit, writer and reader",
        columns: ["", "ms"],
        rows: uses.map(({ system, cpuMsPerEdit }) => [system, figure(cpuMsPerEdit)]),
      },
    ],
    checks: [],
    exact: {},
    times: uses.map(({ system, few: one, many: all, cpuMsPerEdit }) => ({
      system,
      cpuMsPerEdit,
      open: { one: one.memory, thousand: all.memory },
      unopened: { one: one.memoryUnopened, thousand: all.memoryUnopened },
    })),
  };
}

async function coldRun(network: Network, system: SystemName, dataset: Dataset): Promise<ColdRun> {
  const hosted = await (await loadSystem(system)).host(dataset);
  const run = await runColdClient(network, hosted, {
    system,
    dataset,
    roundTripMs: 0,
    opens: true,
  });
  await hosted.close();
  return run;
}

async function cpuPerEdit(network: Network, system: SystemName): Promise<number> {
  const hosted = await (await loadSystem(system)).host(emptyText);
  const clients = await hosted.live(network, 0);
  await typeSlowly(clients, 0, 2);
  const before = process.cpuUsage();
  await typeSlowly(clients, 2, cpuEdits);
  const { user, system: kernel } = process.cpuUsage(before);
  await clients.close();
  await hosted.close();
  return (user + kernel) / 1000 / cpuEdits;
}

async function typeSlowly({ writer }: LiveClients, from: number, count: number): Promise<void> {
  for (let edit = 0; edit < count; edit++) {
    writer.splice(from + edit, 0, "x");
    await new Promise((resolve) => setTimeout(resolve, editIntervalMs));
  }
}

function megabytes({ heapBytes, wasmBytes }: ClientMemory): string[] {
  return [figure(heapBytes / 1e6), figure(wasmBytes / 1e6)];
}

function kilobytesEach(one: ClientMemory, all: ClientMemory): number {
  const more = all.heapBytes + all.wasmBytes - one.heapBytes - one.wasmBytes;
  return more / 1e3 / (many.count - few.count);
}
