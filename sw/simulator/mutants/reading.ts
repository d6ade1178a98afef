/** Bugs in what comes in: reading, inbox, polling, what is told of it. */
import type { Mutant } from "./mutant.ts";
import { engine } from "./mutant.ts";

export const readingMutants: readonly Mutant[] = [
  {
    name: "hash not checked",
    file: "shared/codecs/envelope.ts",
    find: "if (compareBytes(await digest(hashed, tools), hash) !== 0)",
    replace: "if (hash.length + (await digest(hashed, tools)).length === 0)",
    why: "R-2: a reader trusts nothing",
    caughtBy: { seeds: [78] },
  },
  {
    name: "reused slot accepted",
    file: `${engine}/reader.ts`,
    find: "if (isNamed) return { pack, problem: null };",
    replace: "if (isNamed || pack.first >= 0) return { pack, problem: null };",
    why: "R-2, R-5: a segment of another generation or range is not what the manifest meant",
    caughtBy: { scenarios: ["reused slot"] },
  },
  {
    name: "what lies in the place of a named segment left there",
    file: `${engine}/reader.ts`,
    find: "if (found.pack !== null) await salvage?.(found.pack, `found-${found.generation}`);",
    replace: "void salvage;",
    why: "R-12: an old manifest that came back may be the last one of its replica",
    caughtBy: { seeds: [80255] },
  },
  {
    name: "cursor moved without inbox",
    file: `${engine}/peer-reader.ts`,
    find: "put: { ...batch.put, ...moved.put, ...records.toPut(replica, record) },",
    replace: "put: { ...moved.put, ...records.toPut(replica, record) },",
    why: "R-7: cursor and inbox move in one transaction",
    caughtBy: { seeds: [17] },
  },
  {
    name: "cursor moved over what is missing",
    file: `${engine}/reader.ts`,
    find: "if (missing === null) cursor = { ...cursor, publication: range.last };",
    replace: "cursor = { ...cursor, publication: range.last };",
    why: "R-5: the cursor stays before the first publication that is missing",
    caughtBy: { scenarios: ["mended segment"] },
  },
  {
    name: "inbox entry dropped before stored",
    file: `${engine}/applier.ts`,
    find: "if (handle.isReady() && (await documents.store(handle)) === undefined) return applyOnce(handle);",
    replace: "",
    why: "IN-5: an entry leaves the inbox when the Repo has stored everything in it",
    caughtBy: { scenarios: ["emptied inbox"], crashes: [748] },
  },
  {
    name: "queue remembered by document",
    file: `${engine}/applier.ts`,
    find: "const queue = A.getBackend(doc);",
    replace: `const queues = running as unknown as Record<string, object>;
      const queue = (queues[handle.documentId] ??= {});`,
    why: "IN-7: a document that is loaded anew is given what waits for it once more",
    caughtBy: { scenarios: ["empty queue"] },
  },
  {
    name: "malformed object stops the poller",
    file: `${engine}/poller.ts`,
    find: "peer.failures++;",
    replace: `peer.failures++;
      if (toErrorData(error).code === "malformed") closed = true;`,
    why: "R-8: one poisoned object never blocks the rest",
    caughtBy: { seeds: [5] },
  },
  {
    name: "unfounded doc-unavailable",
    file: `${engine}/engine.ts`,
    find: "isAnswered: () => (bucket === null ? options.replica === null : poller.complete),",
    replace: "isAnswered: () => true,",
    why: "R-9: nobody is told that there is no such document before everybody was asked",
    caughtBy: { seeds: [7] },
  },
  {
    name: "one answer taken for all",
    file: `${engine}/poller.ts`,
    find: "polled.has(peer.replica);",
    replace: "polled.size > 0;",
    why: "R-9: a replica that has never answered is waited for",
    caughtBy: { scenarios: ["silent newcomer"] },
  },
  {
    name: "what vanished not looked for",
    file: `${engine}/searches.ts`,
    find: "await vanished(id);",
    replace: "",
    why: "R-10: what the disk has lost is read from the bucket again",
    caughtBy: { scenarios: ["lost storage"] },
  },
  {
    name: "failing reads without back-off",
    file: `${engine}/poll-interval.ts`,
    find: "const backedOff = quiet * 2 ** Math.min(failures, 10);",
    replace: "const backedOff = failures < 0 ? 0 : quiet;",
    why: "P-1: no identical failing request without a growing pause",
    caughtBy: { seeds: [23] },
  },
  {
    name: "secret in a problem",
    file: `${engine}/problems.ts`,
    find: "const { code, key } = toErrorData(error);",
    replace: `const { code } = toErrorData(error);
      const { cause } = error as Error;
      const key = [cause, (cause as Error | undefined)?.cause].join();`,
    why: "I12: no signature in any error or status",
    caughtBy: { scenarios: ["offline writer"] },
  },
];
