/** One name, one change; one recovery or two; never less than before; and no secret anywhere. */
import type { Invariant } from "./invariant.ts";

/** I8: over everything that was on a disk or in the bucket when somebody looked. */
export const oneNameOneChange: Invariant = {
  name: "I8",
  judge: ({ names }) =>
    [...names]
      .filter(([, hashes]) => hashes.size > 1)
      .map(
        ([name, hashes]) =>
          `${name} names ${[...hashes].map((hash) => hash.slice(0, 8)).join(" and ")}`,
      ),
};

/** I9: on copies of disks, after a run. */
export const recoveryIsIdempotent: Invariant = {
  name: "I9",
  judge: ({ recoveries }) => recoveries,
};

/**
 * I10, as far as an engine goes: what a handle has shown it goes on showing while its incarnation lives, the own edits
 * included. Across restarts it is I1; between tabs and workers it is judged where tabs are.
 */
export const readsAreMonotonic: Invariant = {
  name: "I10",
  judge: ({ stepsBack }) => stepsBack,
};

/**
 * I12, as far as an engine goes: its log, its status and its problems. The grants here are canaries, and every error of
 * the bucket carries one in its cause.
 */
export const secretsStaySecret: Invariant = {
  name: "I12",
  judge: ({ leaks }) => leaks,
};
