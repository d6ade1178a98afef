/** What is asked of the store, and how often. */
import { capabilities } from "../capabilities.ts";
import { groupBy } from "../group-by.ts";
import type { Request } from "../observed.ts";
import type { Invariant } from "./invariant.ts";

/** I4. The bucket itself notes what was asked without a grant; an expired one is refused, and that is no violation. */
export const withinGrants: Invariant = {
  name: "I4",
  judge: ({ trespasses }) => trespasses,
};

const minuteMs = 60_000;

/** A peer is polled every 3 s at most, with jitter; the own one, and one read after a mismatch or two, on top. */
const perPeerMax = 30;
/** One write a second, and what a merge reads and writes. */
const perWriterMax = 90;
/** Segments are read once for each manifest that is new, a few at a time. */
const urgeWorth = 3;

/** So many identical failures in a row … */
const failuresLook = 10;
/** … must have taken so long, or there was no growing pause between them. */
const failuresMsMin = 30_000;

/** I11: a budget for each minute, and growing pauses between identical failures. */
export const requestsStayInBudget: Invariant = {
  name: "I11",
  judge: ({ requests }) => {
    const byLife = groupBy(requests, ({ life }) => life);
    return [...byLife].flatMap(([life, made]) => [
      ...overBudget(life, made),
      ...impatient(life, made),
    ]);
  },
};

function overBudget(life: string, made: readonly Request[]): string[] {
  let from = 0;
  for (const [to, { at, peers, urges }] of made.entries()) {
    while (made[from]!.at < at - minuteMs) from++;
    const hurried = (urges - made[from]!.urges + 1) * peers * urgeWorth;
    const budget = perWriterMax + perPeerMax * peers + hurried;
    const count = to - from + 1;
    if (count > budget)
      return [`${life} made ${count} requests within a minute; ${budget} are allowed`];
  }
  return [];
}

function impatient(life: string, made: readonly Request[]): string[] {
  const byObject = groupBy(made, ({ method, key }) => `${method} ${key}`);
  return [...byObject].flatMap(([object, all]) => {
    for (let last = failuresLook - 1; last < all.length; last++) {
      const row = all.slice(last - failuresLook + 1, last + 1);
      const [first] = row;
      const isSame = row.every(
        ({ outcome, urges }) => outcome === first!.outcome && urges === first!.urges,
      );
      if (!isSame || first!.outcome === "ok" || first!.outcome === null) continue;
      const isOwn = object.endsWith(`/${first!.replica}/manifest`);
      if (isOwn && first!.outcome === "expired" && !capabilities.calmWhenRefused) continue;
      const tookMs = all[last]!.at - first!.at;
      if (tookMs < failuresMsMin)
        return [
          `${life}: ${object} failed ${failuresLook} times alike within ${Math.round(tookMs)} ms`,
        ];
    }
    return [];
  });
}
