/** What the limit of the tail trades: bytes for requests. Measured, beside the cost model, so that the default has a reason. */
import { defaultLayout } from "../../shared/keys.ts";
import { defaultTuning } from "../../sw/engine/tuning.ts";
import { modelCosts } from "../cost-model.ts";
import { measureAmplification } from "../counts/write-amplification.ts";
import { fieldSizes, textSizes } from "../model-sizes.ts";
import type { ModelSizes } from "../cost-model.ts";
import type { Plot } from "../report/plot.ts";
import { plotSvg } from "../report/plot.ts";
import type { Outcome } from "../report/results.ts";
import { figure } from "../report/table.ts";

const flushes = 1_000;
const limits = [256, 512, 1_024, 1_536, 2_048, 4_096] as const;

interface Point {
  readonly limit: number;
  readonly putsPerFlush: number;
  readonly bytesOverBare: number;
  readonly modelPuts: number;
  readonly modelBytes: number;
}

interface Workload {
  readonly what: string;
  readonly file: string;
  readonly documents: number;
  readonly sizes: ModelSizes;
}

const workloads: readonly Workload[] = [
  { what: "one text", file: "text", documents: 1, sizes: textSizes },
  { what: "20 documents in turn", file: "documents", documents: 20, sizes: fieldSizes },
];

export async function measureTailLimit(): Promise<Outcome> {
  const measured: { readonly workload: Workload; readonly points: readonly Point[] }[] = [];
  for (const workload of workloads) {
    const points: Point[] = [];
    for (const limit of limits) points.push(await pointAt(workload, limit));
    measured.push({ workload, points });
  }
  return {
    name: "tail-limit",
    title: "The limit of the tail",
    notes: [
      `${flushes} flushes of one change each, as in "write amplification". A manifest is uploaded with every flush, so a long tail costs bytes each time; a short one spills often, and each spill is one more PUT.`,
      `The default is ${defaultTuning.tailBytesMax} bytes: the shortest with which an edit is hardly ever two PUTs, at less than five times the bytes of the bare bundles. The fan-out (${defaultTuning.mergeFanOut}) is what ten slots allow; merges cost a few per cent of the bytes either way. The write interval (${defaultTuning.writeIntervalMs} ms) is what R2 and GCS ask for, and a tenth for the network.`,
    ],
    tables: measured.map(({ workload, points }) => ({
      title: workload.what,
      columns: ["tail limit, bytes", "PUTs per flush", "model", "bytes up / bare bundles", "model"],
      rows: points.map((point) => [
        String(point.limit),
        figure(point.putsPerFlush),
        figure(point.modelPuts),
        figure(point.bytesOverBare),
        figure(point.modelBytes),
      ]),
    })),
    checks: [],
    exact: measured.map(({ workload, points }) => ({ what: workload.what, points })),
    times: [],
    plots: Object.fromEntries(
      measured.map(({ workload, points }) => [
        `tail-limit-${workload.file}`,
        plotSvg(tailPlot(workload, points)),
      ]),
    ),
  };
}

async function pointAt({ documents, sizes }: Workload, limit: number): Promise<Point> {
  const tuning = { tailBytesMax: limit };
  const result = await measureAmplification({ flushes, documents, tuning });
  const model = modelCosts({
    flushes,
    documents,
    editsInARow: 1,
    tailBytesMax: limit,
    mergeFanOut: defaultTuning.mergeFanOut,
    levels: defaultLayout.levels,
    sizes,
    samples: 1,
  }).at(-1)!;
  return {
    limit,
    putsPerFlush: result.puts / flushes,
    bytesOverBare: result.putBytes / result.bundleBytes,
    modelPuts: model.puts / flushes,
    modelBytes: model.putBytes / result.bundleBytes,
  };
}

function tailPlot({ what }: Workload, points: readonly Point[]): Plot {
  return {
    title: `Bytes uploaded over bare bundles, ${what}`,
    xLabel: "tail limit, bytes",
    yLabel: "times",
    series: [
      { label: "measured", points: points.map((at) => [at.limit, at.bytesOverBare]) },
      { label: "model", points: points.map((at) => [at.limit, at.modelBytes]), dashed: true },
      { label: "PUTs per flush", points: points.map((at) => [at.limit, at.putsPerFlush]) },
    ],
  };
}
