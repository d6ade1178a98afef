/** Bugs in what goes out: marks, journal, acknowledgement, incarnations, clones. */
import type { Mutant } from "./mutant.ts";
import { engine } from "./mutant.ts";

export const writingMutants: readonly Mutant[] = [
  {
    name: "dirty mark dropped before the ack",
    file: `${engine}/publisher.ts`,
    find: "const news = await collector.collect(bucket.replica);",
    replace: `const news = await collector.collect(bucket.replica);
    await dirty.clean(news.moves.map(({ id }) => id), marks);`,
    why: "W-6: a mark leaves only in the transaction that records the acknowledgement",
    caughtBy: { seeds: [1, 5] },
  },
  {
    name: "dirty mark set after the save",
    file: `${engine}/guarded-storage.ts`,
    find: `await dirty.mark(id);
        await inner.save(key, data);`,
    replace: `await inner.save(key, data);
        await dirty.mark(id);`,
    why: "W-1: a document is marked before any of its changes is stored",
    caughtBy: { crashes: [205, 206] },
  },
  {
    name: "mark of an edit during a flush dropped",
    file: `${engine}/dirty-set.ts`,
    find: "if (mark !== undefined && mark.version === snapshot.get(id)) cleaned.set(id, mark);",
    replace: "if (mark !== undefined) cleaned.set(id, mark);",
    why: "W-6: an acknowledgement cleans no mark that came after its publication was computed",
    caughtBy: { seeds: [19] },
  },
  {
    name: "refused mark taken for one that is being written",
    file: `${engine}/dirty-set.ts`,
    find: "if (marks.get(id) !== mark) return;",
    replace: "if (marks.size > 0) return;",
    why: "W-1: a change is stored once its mark is on disk, and a mark that the disk refused is written anew",
    caughtBy: { seeds: [702534] },
  },
  {
    name: "mark of a superseded incarnation left under the ordinary key",
    file: `${engine}/engine.ts`,
    find: "put: { [leftKey(id)]: true }",
    replace: "put: { [leftKey(id).replace(/^left/u, 'dirty')]: true }",
    why: "W-8: what a superseded incarnation stored last has a mark that the later one cannot clean",
    caughtBy: { scenarios: ["left mark"] },
  },
  {
    name: "hold never ends",
    file: `${engine}/dirty-set.ts`,
    find: "if (!isDue(heldUntil, now)) nextAt = Math.min(nextAt ?? heldUntil, heldUntil);",
    replace: "void heldUntil;",
    why: "L-3: what was revoked is published when its delay is over",
    caughtBy: { scenarios: ["replaced once"] },
  },
  {
    name: "frontier moved without acknowledgement",
    file: `${engine}/publisher.ts`,
    find: "if (news.documents.length > 0 || isDue) {",
    replace: `if (news.documents.length > 0 || isDue) {
      frontier.apply(news.moves);`,
    why: "FR-1: only our acknowledged manifest, or what was read from the bucket, moves the frontier",
    caughtBy: { seeds: [1] },
  },
  {
    name: "frontier moved by a peer",
    file: `${engine}/peer-news.ts`,
    find: "const handle = documents.loaded(id);\n      const receptions =",
    replace: `const handle = documents.loaded(id);
      for (const { from, heads } of legible)
        frontier.apply([{ id, replica: from, heads, complete: false }]);
      const receptions =`,
    why: "FR-1: what a peer sent may exist on two devices alone, and is published like an edit",
    caughtBy: { scenarios: ["sent by a peer"] },
  },
  {
    name: "clock read twice to tell what is due from what is held",
    file: `${engine}/flush-loop.ts`,
    find: "const nextAt = parts.nextAt(now);",
    replace: "const nextAt = parts.nextAt(clock.now());",
    why: "FR-7: what is held is published when its hold ends, whether or not anything else happens",
    caughtBy: { scenarios: ["sent by a peer"] },
  },
  {
    name: "two writes outstanding",
    file: `${engine}/publisher.ts`,
    find: "await writer.finish(bucket);",
    replace: "",
    why: "W-4: the journalled write is finished before anything new is computed",
    caughtBy: { scenarios: ["late segment"] },
  },
  {
    name: "merge begun before the journalled write is finished",
    file: `${engine}/merger.ts`,
    find: `await publisher.begin(bucket);
    const slot = slotFor(bucket, merge);`,
    replace: "const slot = slotFor(bucket, merge);",
    why: "W-4: the journalled write is finished before anything new is written",
    caughtBy: { seeds: [16] },
  },
  {
    name: "merge written without a look at the own manifest",
    file: `${engine}/merger.ts`,
    find: `await publisher.begin(bucket);
    const slot = slotFor(bucket, merge);`,
    replace: "await writer.finish(bucket);\nconst slot = slotFor(bucket, merge);",
    why: "O-1: an incarnation reads its own manifest before its first write, also where that is a merge",
    caughtBy: { scenarios: ["unseen clone"] },
  },
  {
    name: "doubt forgotten when an attempt failed",
    file: `${engine}/replica-writer.ts`,
    find: `journal = { ...journal, doubtful: true };
      throw error;`,
    replace: "throw error;",
    why: "S-4: a PUT that was not answered with 2xx may still land",
    caughtBy: { seeds: [7] },
  },
  {
    name: "clone overlooked while something is written",
    file: `${engine}/engine.ts`,
    find: 'if (verdict === "foreign") void onCloned();',
    replace: 'if (verdict === "foreign" && !flushes.isFlushing) void onCloned();',
    why: "O-4: who finds another's manifest under the own id flees, whatever is under way",
    caughtBy: { scenarios: ["clone while writing"] },
  },
  {
    name: "journal forgotten at restart",
    file: `${engine}/replica-writer.ts`,
    find: "if (journal !== null) journal = { ...journal, doubtful: true };",
    replace: "journal = null;",
    why: "W-4: what was journalled is repeated after a restart, before anything new is written",
    caughtBy: { scenarios: ["late segment"], seeds: [8] },
  },
  {
    name: "generation reused",
    file: `${engine}/replica-writer.ts`,
    find: `const generation = stored.issued + 1;
      const time`,
    replace: `const generation = stored.acknowledged + 1;
      const time`,
    why: "W-5: issued generations never fall",
    caughtBy: { seeds: [106] },
  },
  {
    name: "ack before the disk has it",
    file: `${engine}/documents.ts`,
    find: "await repo.flush([handle.documentId]);",
    replace: "void repo.flush([handle.documentId]);",
    why: "I1: what is called stored is on the disk",
    caughtBy: { seeds: [8] },
  },
  {
    name: "incarnation guard removed",
    file: `${engine}/replica-disk.ts`,
    find: `        disk.commit({ ...batch, guard: { key: incarnationKey, value: incarnation } }),
      commitUnguarded: (batch) => disk.commit(batch),
      isCurrent: async () => (await disk.read(incarnationKey)) === incarnation,`,
    replace: `        disk.commit(batch),
      commitUnguarded: (batch) => disk.commit(batch),
      isCurrent: async () => true,`,
    why: "W-8: an incarnation that finds a higher one stops",
    caughtBy: { seeds: [116] },
  },
  {
    name: "own manifest not verified at start",
    file: `${engine}/publisher.ts`,
    find: "if (!isVerified) await verify(bucket);",
    replace: "if (!isVerified) isVerified = verify !== undefined;",
    why: "O-1: a restored profile looks before it writes",
    caughtBy: { seeds: [1] },
  },
  {
    name: "own manifest not polled",
    file: `${engine}/poller.ts`,
    find: "peers = [own, ...listed];",
    replace: "peers = listed.filter((peer) => peer !== own);",
    why: "O-2: the own manifest is polled like the others",
    caughtBy: { seeds: [196] },
  },
  {
    name: "own ETag kept after a write",
    file: `${engine}/poller.ts`,
    find: "for (const peer of peers) if (peer.replica === bucket?.replica) peer.etag = undefined;",
    replace: "",
    why: "O-2: a late PUT can bring back the bytes that were seen last",
    caughtBy: { scenarios: ["late twin"] },
  },
  {
    name: "clone not fled",
    file: `${engine}/publisher.ts`,
    find: 'if (!isKnown || expected === null) return "foreign";',
    replace: 'if (!isKnown || expected === null) return "ours";',
    why: "O-4: who finds another's manifest under its id takes a new one",
    caughtBy: { seeds: [11] },
  },
  {
    name: "failing writes without back-off",
    file: `${engine}/flush-loop.ts`,
    find: "retryAt = clock.now() + backoff.next(random.uniform());",
    replace: "retryAt = clock.now() + 0 * backoff.next(random.uniform());",
    why: "W-9: no identical failing request without a growing pause",
    caughtBy: { scenarios: ["offline writer"] },
  },
];
