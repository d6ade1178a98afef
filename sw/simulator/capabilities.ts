/**
 * What the engine promises already. The simulator has the faults, the judgements and the counters for all of the
 * protocol; what the engine does not do yet is switched off here, so that nothing is asked of it too early, and nothing
 * else is excused. `--promise a,b` asks for it all the same.
 */
const promisable = [
  /** A replica whose manifest is gone or too old in two looks frees what its readers hold to be published whole. */
  "lostSources",
  /** An own segment that is gone, damaged or rolled back is noticed and replaced without waiting for a merge. */
  "readBack",
  /** What two clones wrote under the same numbers is read from both. */
  "forks",
  /** What a handle shows equals what its document holds: Automerge 3.5.0 joins two texts at times. */
  "views",
  /** A change that a superseded incarnation stored last of all is published by the next one. */
  "leftMarks",
  /** A late copy of the own manifest is noticed even where it has the ETag that was seen last. */
  "lateTwins",
  /** An own manifest whose version byte is damaged is a damaged one. */
  "versionDamage",
  /** While every key is refused, the own manifest is asked for with growing pauses, too. */
  "calmWhenRefused",
] as const;

export type Capability = (typeof promisable)[number];

/** What the engine of this tree keeps. */
const kept: readonly Capability[] = promisable.filter((name) => name !== "views");

/** Where the parent says what else is to be asked for. */
export const promisesVariable = "SIMULATE_PROMISES";

const asked = (process.env[promisesVariable] ?? "").split(",");

export const capabilities: Readonly<Record<Capability, boolean>> = Object.fromEntries(
  promisable.map((name) => [name, kept.includes(name) || asked.includes(name)]),
) as Record<Capability, boolean>;
