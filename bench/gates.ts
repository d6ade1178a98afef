/**
 * The promises that a machine cannot make look better or worse: counts, bytes and sizes. Prints each beside what was
 * measured, and ends with an error when one is broken. Takes half a minute of processor time: `npx tsx bench/gates.ts`.
 */
import { countColdStart } from "./counts/cold-start.ts";
import { countLoneEdits } from "./counts/lone-edits.ts";
import { countTyping } from "./counts/typing.ts";
import { amplificationChecks, measureAmplification } from "./counts/write-amplification.ts";
import { textEdits } from "./documents.ts";
import { checksTable, markdownTable } from "./report/table.ts";
import type { Check } from "./report/targets.ts";
import { atMost, targets } from "./report/targets.ts";

const loneEdits = 1_000;
const keys = 1_000;
/** Fewer than the benchmark's, for the sake of time: what only shows after 10,000, such as the space a long text takes, it alone finds. */
const textFlushes = 1_000;
const documentFlushes = 2_000;

const checks: Check[] = [];

const lone = await countLoneEdits(loneEdits, true);
checks.push(
  atMost("PUTs per lone edit, median", lone.putsMedian, targets.putsPerLoneEdit, "PUT"),
  atMost("GETs per lone edit, median", lone.getsMedian, targets.getsPerLoneEdit, "GET"),
  atMost("lone edit up", lone.writer.putBytes / loneEdits, targets.bytesPerLoneEdit, "B"),
  atMost("lone edit down", lone.reader.getBytes / loneEdits, targets.bytesPerLoneEdit, "B"),
  atMost("PUTs per lone edit, average", lone.writer.puts / loneEdits, targets.putsPerFlush, "PUT"),
);

const typing = await countTyping(keys);
checks.push(
  atMost("keystroke up", typing.writer.putBytes / keys, targets.bytesPerKeystroke, "B"),
  atMost(
    "PUTs while typing",
    typing.writer.puts / typing.seconds,
    targets.putsPerSecondTyping,
    "/s",
  ),
);

const text = await countColdStart({ kind: "text", count: textEdits });
const tasks = await countColdStart({ kind: "tasks", count: 1_000 });
checks.push(
  atMost("cold text", text.bytes, targets.coldTextBytes, "B"),
  atMost("cold text, requests", text.gets, targets.coldTextRequests, "GET"),
  atMost("cold 1,000 tasks", tasks.bytes, targets.coldThousandBytes, "B"),
  atMost("cold 1,000 tasks, requests", tasks.gets, targets.coldThousandRequests, "GET"),
);

checks.push(
  ...amplificationChecks(
    "one text",
    await measureAmplification({ flushes: textFlushes, documents: 1 }),
  ),
);

/**
 * Small documents take more room than a text: ids and heads outweigh changes. As long as they are few kilobytes together,
 * what they take is printed, and not promised; the benchmark goes on to where the limit holds.
 */
const inARow = amplificationChecks(
  "20 documents, 5 edits in a row",
  await measureAmplification({ flushes: documentFlushes, documents: 20, editsInARow: 5 }),
);
/** Every flush another document is the worst there is for a tail of a kilobyte: PUTs are not promised either. */
const roundRobin = amplificationChecks(
  "20 documents, each edit another",
  await measureAmplification({ flushes: documentFlushes, documents: 20 }),
);
const promised = [
  ...inARow.filter(({ what }) => !what.includes("compacted")),
  ...roundRobin.filter(({ what }) => /bytes up|objects/.test(what)),
];
const printed = [...inARow, ...roundRobin].filter((check) => !promised.includes(check));
checks.push(...promised);

console.log(markdownTable(checksTable(checks)));
const broken = checks.filter(({ holds }) => !holds).length;
console.log("Measured, and not promised:");
for (const { what, measured } of printed) console.log(`- ${what}: ${measured.toFixed(2)}`);
console.log(`${checks.length - broken} hold, ${broken} missed`);
process.exit(broken === 0 ? 0 : 1);
