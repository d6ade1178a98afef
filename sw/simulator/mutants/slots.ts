/** Bugs in which slots are written, named and merged. */
import type { Mutant } from "./mutant.ts";
import { engine } from "./mutant.ts";

export const slotMutants: readonly Mutant[] = [
  {
    name: "slot reused too early",
    file: `${engine}/publisher.ts`,
    find: "listed: manifest?.slots ?? [],",
    replace: "listed: slotsNow(false),",
    why: "S-3: a slot is free only when no manifest since the last acknowledged one needs it",
    caughtBy: { scenarios: ["reused slot"], seeds: [70] },
  },
  {
    name: "quarantine ignored",
    file: `${engine}/slots.ts`,
    find: "return until !== undefined && until > now;",
    replace: "return until !== undefined && now < 0;",
    why: "S-4: a slot with a PUT of unknown fate is not used for 15 minutes",
    caughtBy: { scenarios: ["late segment"], seeds: [280] },
  },
  {
    name: "kill not taken for an unknown fate",
    file: `${engine}/replica-writer.ts`,
    find: "if (journal !== null) journal = { ...journal, doubtful: true };",
    replace: "",
    why: "S-4: an attempt that a kill ended is of unknown fate",
    caughtBy: { scenarios: ["late segment"] },
  },
  {
    name: "overwritten slots still listed",
    file: `${engine}/publisher.ts`,
    find: "(range) => !stored.overwritten.includes(slotKey(range)),",
    replace: "() => true,",
    why: "S-1: a segment whose slot was written again is not listed",
    caughtBy: { seeds: [70] },
  },
  {
    name: "merged over what lies in between",
    file: `${engine}/slots.ts`,
    find: "const from = longestRun(needed, level, limits);",
    replace:
      "const from = longestRun(needed.filter((range) => range.level <= level), level, limits);",
    why: "S-5: only neighbours are merged",
    caughtBy: { scenarios: ["between neighbours"] },
  },
  {
    name: "merge drops what it does not encode anew",
    file: `${engine}/joining.ts`,
    find: "reencoded.push(document);",
    replace: "",
    why: "S-7: a merge never drops a change",
    caughtBy: { seeds: [70] },
  },
  {
    name: "whole flag lost in a join",
    file: `${engine}/joining.ts`,
    find: "whole: older.whole || newer.whole,",
    replace: "whole: newer.whole,",
    why: "FR-5: a publication joined with a whole one is whole",
    caughtBy: { scenarios: ["replaced once"] },
  },
];
