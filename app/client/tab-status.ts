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

export function tabStatus(worker: Status, unacknowledged: number, onLine: boolean): Status {
  const network = onLine ? worker.network : "offline";
  if (unacknowledged === 0) return { ...worker, network };
  // What has not reached the worker has reached nothing behind it either.
  return {
    ...worker,
    network,
    device: worker.device === "failing" ? "failing" : "saving",
    bucket: worker.bucket === "saved" ? "saving" : worker.bucket,
    pending: { ...worker.pending, changes: worker.pending.changes + unacknowledged },
  };
}
