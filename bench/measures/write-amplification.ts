/** What 10,000 flushes cost and leave behind, beside what the cost model says. */
import { defaultLayout } from "../../shared/keys.ts";
import { defaultTuning } from "../../sw/engine/tuning.ts";
import type { ModelPoint, ModelSizes } from "../cost-model.ts";
import { fieldSizes, textSizes } from "../model-sizes.ts";
import { modelCosts } from "../cost-model.ts";
import type { Amplification, GrowthPoint } from "../counts/write-amplification.ts";
import { amplificationChecks, measureAmplification } from "../counts/write-amplification.ts";
import type { Plot } from "../report/plot.ts";
import { plotSvg } from "../report/plot.ts";
import type { Outcome } from "../report/results.ts";
import { figure } from "../report/table.ts";
import { targets } from "../report/targets.ts";

const flushes = 10_000;
const samples = 100;

interface Run {
  readonly what: string;
  readonly file: string;
  readonly documents: number;
  readonly editsInARow: number;
  readonly sizes: ModelSizes;
}

const runs: readonly Run[] = [
  { what: "one text", file: "text", documents: 1, editsInARow: 1, sizes: textSizes },
  {
    what: "20 documents, 5 edits in a row",
    file: "documents-in-a-row",
    documents: 20,
    editsInARow: 5,
    sizes: fieldSizes,
  },
  {
    what: "20 documents, each edit another",
    file: "documents",
    documents: 20,
    editsInARow: 1,
    sizes: fieldSizes,
  },
];

export async function measureWriteAmplification(): Promise<Outcome> {
  const measured: {
    readonly run: Run;
    readonly result: Amplification;
    readonly model: ModelPoint[];
  }[] = [];
  for (const run of runs) {
    const { documents, editsInARow, sizes } = run;
    const result = await measureAmplification({ flushes, documents, editsInARow, samples });
    const { levels } = defaultLayout;
    const model = modelCosts({
      flushes,
      documents,
      editsInARow,
      tailBytesMax: defaultTuning.tailBytesMax,
      mergeFanOut: defaultTuning.mergeFanOut,
      levels,
      sizes,
      samples,
    });
    measured.push({ run, result, model });
  }
  return {
    name: "write-amplification",
    title: "Write amplification",
    notes: [
      `${flushes} flushes of one change each, 2 s apart, on virtual time with the in-memory bucket: keystrokes of the LaTeX paper in one text; a counter in each of 20 documents, five times in a row before it is the next one's turn; and the same with every edit in another document, which is the worst there is for a tail of a kilobyte.`,
      "Bare bundles: the sum of every flush's own bundle. Compacted: one object with the documents saved whole, sealed as the engine does.",
      "Model: the same protocol computed from four sizes (bench/cost-model.ts). Growth curves are in bench/results/*.svg.",
    ],
    tables: [
      {
        title: `After ${flushes} flushes`,
        columns: [
          "",
          "PUTs per flush",
          "model",
          "bytes up / bare bundles",
          "model",
          "objects",
          "bucket bytes",
          "model",
          "over compacted",
          "CPU ms per flush",
        ],
        rows: measured.map(({ run, result, model }) => {
          const end = model.at(-1)!;
          return [
            run.what,
            figure(result.puts / flushes),
            figure(end.puts / flushes),
            figure(result.putBytes / result.bundleBytes),
            figure(end.putBytes / result.bundleBytes),
            figure(result.objects),
            figure(result.bucketBytes),
            figure(end.bucketBytes),
            figure(result.bucketBytes / result.compactedBytes),
            figure(result.cpuMsPerFlush),
          ];
        }),
      },
    ],
    checks: measured.flatMap(({ run, result }) => amplificationChecks(run.what, result)),
    exact: measured.map(({ run, result }) => {
      const { cpuMsPerFlush: _time, growth, ...counts } = result;
      return {
        what: run.what,
        ...counts,
        bucketBytesMax: Math.max(...growth.map(({ bucketBytes }) => bucketBytes)),
      };
    }),
    times: measured.map(({ run, result }) => ({
      what: run.what,
      cpuMsPerFlush: result.cpuMsPerFlush,
    })),
    plots: Object.fromEntries(
      measured.flatMap(({ run, result, model }) => [
        [`growth-bucket-${run.file}`, plotSvg(bucketPlot(run, result.growth, model))],
        [`growth-upload-${run.file}`, plotSvg(uploadPlot(run, result.growth, model))],
      ]),
    ),
  };
}

function bucketPlot(
  { what }: Run,
  growth: readonly GrowthPoint[],
  model: readonly ModelPoint[],
): Plot {
  return {
    title: `Bytes in the bucket, ${what}`,
    xLabel: "flushes",
    yLabel: "bytes",
    series: [
      { label: "bucket, measured", points: growth.map((at) => [at.flushes, at.bucketBytes]) },
      {
        label: "bucket, model",
        points: model.map((at) => [at.flushes, at.bucketBytes]),
        dashed: true,
      },
      { label: "compacted", points: growth.map((at) => [at.flushes, at.compactedBytes]) },
      {
        label: "limit: twice the compacted size",
        points: growth.map((at) => [at.flushes, at.compactedBytes * targets.spaceAmplification]),
        dashed: true,
      },
    ],
  };
}

function uploadPlot(
  { what }: Run,
  growth: readonly GrowthPoint[],
  model: readonly ModelPoint[],
): Plot {
  return {
    title: `Bytes uploaded, ${what}`,
    xLabel: "flushes",
    yLabel: "bytes",
    series: [
      { label: "uploaded, measured", points: growth.map((at) => [at.flushes, at.putBytes]) },
      {
        label: "uploaded, model",
        points: model.map((at) => [at.flushes, at.putBytes]),
        dashed: true,
      },
      { label: "bare bundles", points: growth.map((at) => [at.flushes, at.bundleBytes]) },
      {
        label: "limit: five times the bare bundles",
        points: growth.map((at) => [at.flushes, at.bundleBytes * targets.writeAmplification]),
        dashed: true,
      },
    ],
  };
}
