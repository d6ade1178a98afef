/**
 * Lone edits, a while apart: what each costs the device that writes and the one that reads. On virtual time and the
 * in-memory bucket; bytes and counts are those of any other.
 */
import { headsOf } from "../../sw/engine/documents.ts";
import type { BucketCost } from "../counted-bucket.ts";
import { costBetween } from "../counted-bucket.ts";
import { openMemoryLab } from "../memory-bucket.ts";
import { openReady } from "../node-device.ts";
import { createRandom } from "../random.ts";
import { spreadOf } from "../report/statistics.ts";

/** Somebody who edits now and then. */
const pauseMsMin = 10_000;
const pauseMsMax = 120_000;

export interface LoneEditCount {
  readonly edits: number;
  readonly writer: BucketCost;
  readonly reader: BucketCost;
  /** Now and then an edit costs a segment more: of one edit in the middle. */
  readonly putsMedian: number;
  readonly getsMedian: number;
  /** The largest PUT of a manifest or segment. */
  readonly putBytesMax: number;
  /** From the edit until the reader has it, when nothing hints: milliseconds of virtual time. */
  readonly seenAfterMs: readonly number[];
}

interface Notes {
  text: string;
}

/** With `hinted` the reader is told of every acknowledged write at once; else it polls. */
export async function countLoneEdits(edits: number, hinted: boolean): Promise<LoneEditCount> {
  const lab = await openMemoryLab(2);
  const [writer, reader] = [lab.devices[0]!, lab.devices[1]!];
  const { time } = lab;
  const random = createRandom(1);
  const own = writer.engine.repo.create<Notes>({ text: "" });
  await time.until(() => writer.engine.status().lastSavedAt !== null, "the first manifest");
  await writer.change(own, (document: Notes) => void (document.text = "-"));
  await time.pass(60_000);
  const theirs = await openReady(reader, own.documentId);
  await time.pass(60_000);

  const before = [writer.bucket.cost(), reader.bucket.cost()] as const;
  const seenAfterMs: number[] = [];
  const costs: { readonly puts: number; readonly gets: number }[] = [];
  for (let edit = 0; edit < edits; edit++) {
    const editedAt = time.clock.now();
    const { puts } = writer.bucket.cost();
    const { gets } = reader.bucket.cost();
    await writer.change(own, (document: Notes) => void (document.text = `edit ${edit}`));
    let acknowledged = false;
    void writer.inBucket(own).then(() => (acknowledged = true));
    await time.until(() => acknowledged, "acknowledged");
    if (hinted) reader.hint(writer.bucket.replica);
    const heads = headsOf(own).join();
    await time.until(() => headsOf(theirs).join() === heads, "seen");
    seenAfterMs.push(time.clock.now() - editedAt);
    await time.pass(pauseMsMin + random() * (pauseMsMax - pauseMsMin));
    costs.push({ puts: writer.bucket.cost().puts - puts, gets: reader.bucket.cost().gets - gets });
  }
  const count = {
    edits,
    writer: costBetween(before[0], writer.bucket.cost()),
    reader: costBetween(before[1], reader.bucket.cost()),
    putsMedian: spreadOf(costs.map((cost) => cost.puts)).median,
    getsMedian: spreadOf(costs.map((cost) => cost.gets)).median,
    putBytesMax: Math.max(
      ...lab.store.requests.filter(({ method }) => method === "PUT").map(({ bytes }) => bytes),
    ),
    seenAfterMs,
  };
  await lab.close();
  return count;
}
