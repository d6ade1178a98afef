/** The process of one measure: `run.ts` starts it with the measure's name. */
import { isMeasureName, loadMeasure } from "./measures/all.ts";
import { keepOutcome, printOutcome } from "./report/results.ts";

const name = process.argv[2];
if (!isMeasureName(name)) throw new Error("not a measure");
const measure = await loadMeasure[name]();
const outcome = await measure();
await keepOutcome(outcome);
printOutcome(outcome);
// Some clients of the peers keep timers after they were closed.
process.exit();
