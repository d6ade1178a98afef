/**
 * What the engine promises already. The simulator has the faults, the judgements and the counters for all of the
 * protocol; what the engine does not do yet is switched off here, so that nothing is asked of it too early.
 */
export interface Capabilities {
  /** A replica whose manifest is gone or too old in two looks frees what its readers hold to be published whole. */
  readonly lostSources: boolean;
  /** Changes that wait for dependencies for more than a day are asked for in the manifest. */
  readonly wants: boolean;
  /** A replica gone for long is adopted by a live one, and its prefix then deleted. */
  readonly adoption: boolean;
  /** An own segment that is gone, damaged or rolled back is noticed and replaced without waiting for a merge. */
  readonly readBack: boolean;
  /** What two clones wrote under the same numbers is read from both. */
  readonly forks: boolean;
  /** What a handle shows equals what its document holds: Automerge 3.5.0 joins two texts at times. */
  readonly views: boolean;
  /** A change that a superseded incarnation stored last of all is published by the next one. */
  readonly leftMarks: boolean;
  /** A late copy of the own manifest is noticed even where it has the ETag that was seen last. */
  readonly lateTwins: boolean;
  /** An own manifest whose version byte is damaged is a damaged one. */
  readonly versionDamage: boolean;
  /** While every key is refused, the own manifest is asked for with growing pauses, too. */
  readonly calmWhenRefused: boolean;
}

export const capabilities: Capabilities = {
  lostSources: true,
  wants: true,
  adoption: true,
  readBack: true,
  forks: true,
  views: false,
  leftMarks: true,
  lateTwins: true,
  versionDamage: true,
  calmWhenRefused: true,
};
