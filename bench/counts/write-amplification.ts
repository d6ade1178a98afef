/**
 * What many flushes cost in the long run: PUTs and bytes against the bundles alone, and what they leave in the bucket
 * against the same documents saved whole. On virtual time and the in-memory bucket.
 */
import * as A from "@automerge/automerge";
import { sealEnvelope } from "../../shared/codecs/envelope.ts";
import { encodeSegment } from "../../shared/codecs/segment.ts";
import { hexToBytes } from "../../shared/hex.ts";
import { headsOf } from "../../sw/engine/documents.ts";
import type { Tuning } from "../../sw/engine/tuning.ts";
import { packDocumentId } from "../../sw/engine/packing.ts";
import type { Handle } from "../../sw/engine/documents.ts";
import { costBetween } from "../counted-bucket.ts";
import { openMemoryLab } from "../memory-bucket.ts";
import { nodeTools, replicaId } from "../node-device.ts";
import type { Check } from "../report/targets.ts";
import { atMost, targets } from "../report/targets.ts";
import { readTrace } from "../traces.ts";

export interface AmplificationOptions {
  readonly flushes: number;
  /** One is typed into as a text; among more, fields are changed in turn. */
  readonly documents: number;
  /** Edits of one document before it is the next one's turn. */
  readonly editsInARow?: number;
  readonly tuning?: Partial<Tuning>;
  /** How many points of the growth curves to take. */
  readonly samples?: number;
}

/** After so many flushes. */
export interface GrowthPoint {
  readonly flushes: number;
  readonly puts: number;
  readonly putBytes: number;
  readonly bundleBytes: number;
  readonly objects: number;
  readonly bucketBytes: number;
  readonly compactedBytes: number;
}

export interface Amplification extends GrowthPoint {
  readonly documents: number;
  readonly growth: readonly GrowthPoint[];
  /** Processor time of one flush: everything on the device, from the change to the acknowledgement. */
  readonly cpuMsPerFlush: number;
}

const flushPauseMs = 2_000;
const samplesDefault = 50;

interface Content {
  text: string;
  counter: number;
}

export async function measureAmplification(options: AmplificationOptions): Promise<Amplification> {
  const { flushes, documents, editsInARow = 1, samples = samplesDefault } = options;
  const lab = await openMemoryLab(1, options.tuning);
  const writer = lab.devices[0]!;
  const { time } = lab;
  const handles = Array.from({ length: documents }, () =>
    writer.engine.repo.create<Content>({ text: "", counter: 0 }),
  );
  for (const handle of handles) await writer.change(handle, () => undefined);
  await time.until(() => writer.engine.status().bucket === "saved", "saved");
  await time.pass(flushPauseMs);

  const edits = documents === 1 ? readTrace("automerge-paper", flushes) : [];
  const before = writer.bucket.cost();
  const growth: GrowthPoint[] = [];
  let [bundleBytes, cpuMs] = [0, 0];
  const point = async (flush: number): Promise<GrowthPoint> => {
    const { puts, putBytes } = costBetween(before, writer.bucket.cost());
    const compactedBytes = await compactedSize(handles);
    const bucketBytes = lab.bucketBytes();
    const objects = lab.store.objects.size;
    return { flushes: flush, puts, putBytes, bundleBytes, objects, bucketBytes, compactedBytes };
  };

  for (let flush = 1; flush <= flushes; flush++) {
    const handle = handles[Math.floor(flush / editsInARow) % documents]!;
    const cpu = process.cpuUsage();
    await writer.change(handle, (document: Content) => {
      if (documents > 1) document.counter = flush;
      for (const [position, deleted, inserted] of edits[flush - 1] ?? [])
        A.splice(document, ["text"], position, deleted, inserted);
    });
    await time.pass(flushPauseMs);
    const { user, system } = process.cpuUsage(cpu);
    cpuMs += (user + system) / 1000;
    bundleBytes += A.saveBundle(handle.doc(), [...headsOf(handle)]).length;
    if (flush % Math.ceil(flushes / samples) === 0) growth.push(await point(flush));
  }
  if (writer.engine.status().bucket !== "saved") throw new Error("not everything was published");
  const end = await point(flushes);
  await lab.close();
  return { ...end, documents, growth, cpuMsPerFlush: cpuMs / flushes };
}

/** One object that holds the documents saved whole, sealed as the engine would. */
async function compactedSize(handles: readonly Handle[]): Promise<number> {
  const documents = handles.map((handle) => ({
    documentId: packDocumentId(handle.documentId),
    whole: true,
    dataVersion: 0,
    heads: headsOf(handle).map((head) => hexToBytes(head)),
    chunks: [A.save(handle.doc())],
  }));
  const replica = replicaId(1);
  const body = encodeSegment({ replica, pack: { first: 1, last: 1, documents } });
  const sealed = await sealEnvelope({ kind: "segment", generation: 1, body }, nodeTools);
  return sealed.length;
}

export function amplificationChecks(what: string, result: Amplification): Check[] {
  // The worst moment after the start counts, not the one at which the run happens to end.
  const settled = result.growth.slice(Math.floor(result.growth.length / 10));
  const worst = Math.max(
    ...settled.map(({ bucketBytes, compactedBytes }) => bucketBytes / compactedBytes),
  );
  return [
    atMost(`${what}: PUTs per flush`, result.puts / result.flushes, targets.putsPerFlush, "PUT"),
    atMost(
      `${what}: bytes up over bare bundles`,
      result.putBytes / result.bundleBytes,
      targets.writeAmplification,
      "x",
    ),
    atMost(
      `${what}: objects`,
      Math.max(...result.growth.map(({ objects }) => objects)),
      targets.objects,
      "",
    ),
    atMost(
      `${what}: bucket over compacted, at the end`,
      result.bucketBytes / result.compactedBytes,
      targets.spaceAmplification,
      "x",
    ),
    atMost(`${what}: bucket over compacted, at its worst`, worst, targets.spaceAmplification, "x"),
  ];
}
