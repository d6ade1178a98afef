/** `npm run simulate -- --seeds N --from S`: runs the seeds S to S+N-1 and prints its figures as the last line. */
import { parseArgs } from "node:util";
import { runSeed } from "./run-seed.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "50" },
    from: { type: "string", default: "1" },
  },
});
let violations = 0;
for (let seed = Number(values.from); seed < Number(values.from) + Number(values.seeds); seed++) {
  const result = await runSeed({ seed });
  for (const { invariant, what } of result.violations) {
    violations++;
    console.log(`seed ${seed}: ${invariant}: ${what}`);
  }
}
console.log(`${values.seeds} seeds, ${violations} violations`);
process.exitCode = violations === 0 ? 0 : 1;
