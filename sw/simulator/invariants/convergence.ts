/** Everybody comes to the same, whatever lies in the bucket. */
import type { Invariant } from "./invariant.ts";

/** I2: in the end all replicas, a cold new one included, have the same heads and the same content. */
export const converges: Invariant = {
  name: "I2",
  judge: ({ unrest, holdings, unhealed }) => {
    const wrong = unrest.map((what) => `no rest: ${what}`);
    const [first, ...others] = holdings;
    for (const other of others)
      for (const [document, { heads, json }] of other.documents) {
        const expected = first!.documents.get(document);
        if (unhealed.has(document)) continue;
        if (expected?.heads !== heads)
          wrong.push(`${first!.device} and ${other.device} differ in the heads of ${document}`);
        else if (expected.json !== json)
          wrong.push(`${first!.device} and ${other.device} differ in the content of ${document}`);
      }
    return wrong;
  },
};

/** I2, as it is seen: what a handle shows is what its document holds. */
export function viewsAreFaithful(isPromised: boolean): Invariant {
  return {
    name: "I2 views",
    judge: ({ holdings }) =>
      holdings.flatMap(({ device, documents }) =>
        [...documents]
          .filter(([, { json, shown }]) => isPromised && json !== shown)
          .map(([document]) => `${device} shows ${document} otherwise than it is`),
      ),
  };
}

/**
 * I14: nothing foreign gets into a Repo's storage. That poison blocks nobody else is I1 and I2, which are judged while
 * the poison is still there.
 */
export const storageIsSound: Invariant = {
  name: "I14",
  judge: ({ unsound }) => unsound,
};

/** Reading: a document is called unavailable only after everybody has answered once. */
export const firstPollCompletes: Invariant = {
  name: "first poll",
  judge: ({ unfounded }) => unfounded,
};

/** House rule: no unhandled rejection, whatever fails. */
export const nothingUncaught: Invariant = {
  name: "uncaught",
  judge: ({ uncaught }) => uncaught,
};

/** What a scenario says beyond the invariants. */
export const nothingUnexpected: Invariant = {
  name: "scenario",
  judge: ({ unexpected }) => unexpected,
};
