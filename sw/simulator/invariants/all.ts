/**
 * All judges. I13 (encryption) has none: there is no encryption yet. I12 and I10 are judged as far as an engine goes;
 * their doc comments say what is left to others.
 */
import { capabilities } from "../capabilities.ts";
import type { Observed } from "../observed.ts";
import {
  converges,
  firstPollCompletes,
  nothingUncaught,
  nothingUnexpected,
  storageIsSound,
  viewsAreFaithful,
} from "./convergence.ts";
import {
  acknowledgedIsThere,
  lostSourceHeals,
  publishedSurvives,
  signedOutWorkArrives,
  storedSurvives,
  wholeOrAbsent,
} from "./durability.ts";
import {
  oneNameOneChange,
  readsAreMonotonic,
  recoveryIsIdempotent,
  secretsStaySecret,
} from "./history.ts";
import type { Invariant } from "./invariant.ts";
import { requestsStayInBudget, withinGrants } from "./requests.ts";
import {
  generationsNeverFall,
  manifestsAreRepaired,
  manifestsTellTheTruth,
  neededSlotsStay,
  objectsAreBounded,
  looksBeforeItWrites,
  oneWriteOutstanding,
  oneOwnerEach,
} from "./slots.ts";

export const invariants: readonly Invariant[] = [
  storedSurvives,
  publishedSurvives,
  acknowledgedIsThere,
  converges,
  viewsAreFaithful(capabilities.views),
  wholeOrAbsent,
  withinGrants,
  objectsAreBounded,
  generationsNeverFall,
  manifestsAreRepaired,
  manifestsTellTheTruth,
  neededSlotsStay,
  oneWriteOutstanding,
  looksBeforeItWrites,
  oneOwnerEach,
  oneNameOneChange,
  recoveryIsIdempotent,
  readsAreMonotonic,
  requestsStayInBudget,
  secretsStaySecret,
  storageIsSound,
  signedOutWorkArrives,
  lostSourceHeals(capabilities.lostSources),
  firstPollCompletes,
  nothingUncaught,
  nothingUnexpected,
];

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

export function judgeAll(observed: Observed): Violation[] {
  return invariants.flatMap(({ name, judge }) =>
    judge(observed).map((what) => ({ invariant: name, what })),
  );
}
