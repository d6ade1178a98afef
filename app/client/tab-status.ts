/** The status as one tab sees it: what the worker says, and what only this tab knows. */
import type { Status } from "../../shared/status.ts";

/** Before the worker has said anything. */
export const startingStatus: Status = {
  device: "saving",
  bucket: "off",
  pending: { documents: 0, changes: 0, bytes: 0 },
  lastSavedAt: null,
  auth: "none",
  grantExpiresAt: null,
  user: null,
  network: "online",
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
}

export function tabStatus(said: Status, { unacknowledged, online, update }: TabFacts): Status {
  const network = online ? said.network : "offline";
  // Nobody tells this tab any more what has reached the bucket.
  const isBlind = update === "required" && said.bucket !== "off";
  const worker: Status = { ...said, network, update, ...(isBlind ? { bucket: "waiting" } : {}) };
  if (unacknowledged === 0) return worker;
  // What has not reached the worker has reached nothing behind it either.
  return {
    ...worker,
    device: worker.device === "failing" ? "failing" : "saving",
    bucket: worker.bucket === "saved" ? "saving" : worker.bucket,
    pending: { ...worker.pending, changes: worker.pending.changes + unacknowledged },
  };
}
