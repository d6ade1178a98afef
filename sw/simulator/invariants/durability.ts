/** What was acknowledged is there. */
import type { Edit, Holding, Observed } from "../observed.ts";
import type { Invariant } from "./invariant.ts";

function has({ changes }: Holding, { document, hash }: Edit): boolean {
  return changes.get(document)?.has(hash) === true;
}

function named({ document, hash, life }: Edit): string {
  return `${hash.slice(0, 8)} of ${document}, made by ${life}`;
}

/** Whether a change is one of those, or builds on one of them: nobody could show it without them. */
function buildsOn(
  hash: string,
  lost: ReadonlySet<string>,
  dependencies: ReadonlyMap<string, readonly string[]>,
): boolean {
  const seen = new Set<string>();
  const waiting = [hash];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (lost.has(next)) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(dependencies.get(next) ?? []));
  }
  return false;
}

/** I1, of the device: looked at whenever an incarnation has ended, and once more in the end. */
export const storedSurvives: Invariant = {
  name: "I1 device",
  judge: ({ inspections, holdings }) => [
    ...inspections.flatMap(({ device, missing }) =>
      missing.map((what) => `the disk of ${device} has lost ${what}`),
    ),
    ...holdings.flatMap((holding) =>
      holding.stored
        .filter((edit) => !has(holding, edit))
        .map((edit) => `${holding.device} does not show ${named(edit)}`),
    ),
  ],
};

/**
 * I1, of the bucket: a cold device finds it. Excused is only what `exposure.ts` excuses, what builds on that, and what a
 * lost source had as long as nobody brings that back.
 */
export const publishedSurvives: Invariant = {
  name: "I1 bucket",
  judge: ({ edits, holdings, unhealed, dependencies }) => {
    const cold = holdings.find(({ isCold }) => isCold);
    if (cold === undefined) return [];
    const lost = new Set(edits.filter(({ excused }) => excused !== null).map(({ hash }) => hash));
    return edits
      .filter(({ inBucketAt, hash }) => inBucketAt !== null && !buildsOn(hash, lost, dependencies))
      .filter((edit) => !unhealed.has(edit.document) && !has(cold, edit))
      .map((edit) => `a cold device does not find ${named(edit)}, which was in the bucket`);
  },
};

/** I1, at the moment of the acknowledgement: what is called "in the bucket" is there. */
export const acknowledgedIsThere: Invariant = {
  name: "I1 acknowledgement",
  judge: ({ premature }) => premature,
};

/**
 * I3. That an edit is wholly there or wholly absent follows from its being one change, which Automerge takes or leaves
 * as one; judged here is that it is there for everybody or for nobody, acknowledged or not.
 */
export const wholeOrAbsent: Invariant = {
  name: "I3",
  judge: ({ edits, holdings, unhealed }) =>
    edits
      .filter(({ document }) => !unhealed.has(document))
      .filter((edit) => holdings.some((holding) => has(holding, edit)))
      .filter((edit) => !holdings.every((holding) => has(holding, edit)))
      .map((edit) => `some have ${named(edit)}, and some have not`),
};

/**
 * I15, for the one user there is here. That it is there once follows from I8: a change that is there twice is the same
 * change. That nobody else gets it is judged where users are, above the engine.
 */
export const signedOutWorkArrives: Invariant = {
  name: "I15",
  judge: ({ holdings, unhealed }) =>
    holdings.flatMap(({ device, stored }) =>
      stored
        .filter(({ signedOut, document }) => signedOut && !unhealed.has(document))
        .filter((edit) => !holdings.every((holding) => has(holding, edit)))
        .map((edit) => `${named(edit)}, signed out on ${device}, is not everywhere`),
    ),
};

/** I16. `stillLost` is what was taken from the bucket, is on a live device, and is not in the bucket again. */
export function lostSourceHeals(isPromised: boolean): Invariant {
  return {
    name: "I16",
    judge: ({ stillLost }: Observed) =>
      isPromised ? [...stillLost].map((document) => `${document} is not whole again`) : [],
  };
}
