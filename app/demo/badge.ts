/**
 * What the badge says about the status. It never says more than is true: "in the cloud" only after the store has
 * acknowledged everything, "on this device" only once it is on the disk.
 */
import type { ErrorCode, Status } from "presync";
import { countWords } from "./time-words.ts";

export type BadgeState =
  | "starting"
  | "local"
  | "saving"
  | "saved"
  | "waiting"
  | "failing"
  | "expired";

export interface Badge {
  readonly state: BadgeState;
  readonly words: string;
}

export const startingBadge: Badge = { state: "starting", words: "Starting…" };

/** How much a user must know of it: what is worse shows at once, what is better once it has lasted. */
export const severity: Readonly<Record<BadgeState, number>> = {
  saved: 0,
  local: 0,
  starting: 1,
  saving: 1,
  waiting: 2,
  expired: 3,
  failing: 4,
};

export function badgeOf(status: Status): Badge {
  const { device } = status;
  if (device === "failing") {
    const why = has(status, "disk-full") ? "the disk is full" : "this browser’s storage fails";
    return { state: "failing", words: `Not saved: ${why}` };
  }
  if (status.update === "required" && device === "saved")
    return { state: "waiting", words: "Saved on this device: update this page" };
  if (status.user !== null && status.auth !== "valid" && status.auth !== "expiring")
    return { state: "expired", words: "Sign in again to sync" };
  if (device === "saving") return saving;
  return status.user === null
    ? { state: "local", words: "Saved on this device" }
    : cloudBadge(status);
}

const saving: Badge = { state: "saving", words: "Saving…" };

/** For a user who is signed in and whose work is on the disk. */
function cloudBadge(status: Status): Badge {
  const offline = status.network === "offline";
  switch (status.bucket) {
    case "failing":
      return { state: "failing", words: `Not in the cloud: ${reason(status)}` };
    case "saved":
      return {
        state: "saved",
        words: offline ? "Saved to the cloud, offline now" : "Saved to the cloud",
      };
    case "saving":
      return offline ? waiting(status) : saving;
    case "waiting":
    case "off":
  }
  return waiting(status);
}

function waiting({ network, pending }: Status): Badge {
  const { words: what, isOne } = pendingWords(pending);
  const verb = isOne ? "waits" : "wait";
  const where = network === "offline" ? "Offline" : "The cloud does not answer";
  return { state: "waiting", words: `${where}: ${what} ${verb} on this device` };
}

/** Changes are counted where their document is in memory; where none is, the documents are. */
export function pendingWords({ changes, documents }: Status["pending"]): {
  readonly words: string;
  readonly isOne: boolean;
} {
  const [count, noun] = changes > 0 ? [changes, "change"] : [documents, "document"];
  return count === 0
    ? { words: "changes", isOne: false }
    : { words: countWords(count, noun), isOne: count === 1 };
}

const reasons: Partial<Record<ErrorCode, string>> = {
  denied: "the store refuses it",
  expired: "the permission has run out",
  "too-large": "it is too large",
  superseded: "a newer worker has taken over",
};

function reason({ problems }: Status): string {
  for (const { code } of problems) {
    const words = reasons[code];
    if (words !== undefined) return words;
  }
  return "the store fails";
}

function has({ problems }: Status, code: ErrorCode): boolean {
  return problems.some((problem) => problem.code === code);
}
