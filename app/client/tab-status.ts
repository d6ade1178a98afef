/** The status as one tab sees it: what the worker says, and what only this tab knows. */
import type { Problem, Status } from "../../shared/status.ts";

/** Before the worker has said anything. */
export const startingStatus: Status = {
  device: "saving",
  bucket: "off",
  pending: { documents: 0, changes: 0, bytes: 0 },
  lastSavedAt: null,
  auth: "none",
  grantExpiresAt: null,
  clockAheadMs: 0,
  user: null,
  network: "online",
  hints: "off",
  peers: [],
  storage: { persisted: false, usage: null, quota: null },
  update: "none",
  problems: [],
};

export interface TabFacts {
  /** Changes that the worker has not said to be on disk. */
  readonly unacknowledged: number;
  readonly online: boolean;
  readonly update: Status["update"];
  /** Why there is no worker, where it has failed again and again. */
  readonly failure: Problem | null;
  /** Why a sign-in at a provider came to nothing. */
  readonly signInProblem: Problem | null;
}

export function tabStatus(said: Status, facts: TabFacts): Status {
  const { unacknowledged, online, update, failure, signInProblem } = facts;
  const own = [failure, signInProblem].filter((problem) => problem !== null);
  // Nobody tells this tab any more what has reached the bucket.
  const isBlind = (update === "required" || failure !== null) && said.bucket !== "off";
  const worker: Status = {
    ...said,
    // What it had when it was last understood is stored by now; what came since, it hands over.
    device: update === "required" ? "saved" : said.device,
    network: online ? said.network : "offline",
    // A worker of an earlier build says nothing of them.
    hints: said.hints ?? "off",
    update,
    ...(isBlind ? { bucket: "waiting" } : {}),
    ...(own.length === 0 ? {} : { problems: [...said.problems, ...own] }),
  };
  if (unacknowledged === 0) return worker;
  // What has not reached the worker has reached nothing behind it either.
  return {
    ...worker,
    device: worker.device === "failing" || failure !== null ? "failing" : "saving",
    bucket: worker.bucket === "saved" ? "saving" : worker.bucket,
    pending: { ...worker.pending, changes: worker.pending.changes + unacknowledged },
  };
}
