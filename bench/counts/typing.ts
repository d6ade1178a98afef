/** Typing: a real session, five keys a second, on virtual time and the in-memory bucket. */
import * as A from "@automerge/automerge";
import { headsOf } from "../../sw/engine/documents.ts";
import type { BucketCost } from "../counted-bucket.ts";
import { costBetween } from "../counted-bucket.ts";
import { openMemoryLab } from "../memory-bucket.ts";
import { openReady } from "../node-device.ts";
import { readTrace } from "../traces.ts";

export const keyIntervalMs = 200;

export interface TypingCount {
  readonly keys: number;
  readonly seconds: number;
  readonly writer: BucketCost;
  readonly reader: BucketCost;
}

interface Paper {
  text: string;
}

export async function countTyping(keys: number): Promise<TypingCount> {
  const lab = await openMemoryLab(2);
  const [writer, reader] = [lab.devices[0]!, lab.devices[1]!];
  const { time } = lab;
  const own = writer.engine.repo.create<Paper>({ text: "" });
  await writer.change(own, (document: Paper) => void (document.text = ""));
  await time.pass(60_000);
  const theirs = await openReady(reader, own.documentId);
  await time.pass(10_000);

  const before = [writer.bucket.cost(), reader.bucket.cost()] as const;
  const startedAt = time.clock.now();
  for (const edit of readTrace("automerge-paper", keys)) {
    await writer.change(own, (document: Paper) => {
      for (const [position, deleted, inserted] of edit)
        A.splice(document, ["text"], position, deleted, inserted);
    });
    await time.pass(keyIntervalMs);
  }
  const seconds = (time.clock.now() - startedAt) / 1000;
  let acknowledged = false;
  void writer.inBucket(own).then(() => (acknowledged = true));
  await time.until(() => acknowledged, "acknowledged");
  reader.hint(writer.bucket.replica);
  await time.until(() => headsOf(theirs).join() === headsOf(own).join(), "seen");
  const count = {
    keys,
    seconds,
    writer: costBetween(before[0], writer.bucket.cost()),
    reader: costBetween(before[1], reader.bucket.cost()),
  };
  await lab.close();
  return count;
}
