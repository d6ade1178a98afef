/**
 * What a check is and what comes out of it. Every check has a name that stays, so that scripts can look for it, and
 * names the checks without which it would only repeat their complaint.
 */
import type { Bench } from "./bench.ts";

/** The three keys of a bucket, as the service's settings name them. */
export type KeyRole = "read" | "write" | "admin";

export const keyRoles: readonly KeyRole[] = ["write", "read", "admin"];

/**
 * `error`: presync does not work, loses data or lets a stranger in. `warning`: it works, and should not stay so.
 * `note`: a fact to know. `skipped`: it could not be found out, and the sentence says why.
 */
export type Status = "ok" | "note" | "warning" | "error" | "skipped";

export type CheckId =
  | "settings"
  | "endpoint"
  | "clock"
  | "bucket"
  | "write-key"
  | "read-key"
  | "admin-key"
  | "write-key.write"
  | "write-key.read"
  | "write-key.list"
  | "write-key.delete"
  | "read-key.read"
  | "read-key.missing"
  | "read-key.write"
  | "admin-key.write"
  | "admin-key.read"
  | "admin-key.list"
  | "admin-key.missing"
  | "keys.different"
  | "create-if-absent"
  | "etag"
  | "conditional-get"
  | "anonymous.read"
  | "anonymous.list"
  | "anonymous.write"
  | "attack.copy-source"
  | "attack.acl"
  | "grant.key"
  | "grant.method"
  | "grant.content-type"
  | "grant.lifetime"
  | "grant.list"
  | "grant-seconds"
  | "grant-seconds.longer"
  | "cors.origin"
  | "cors.foreign"
  | "cors.exposed"
  | "cors.max-age"
  | "cors.fix"
  | "write-interval"
  | "lifecycle"
  | "versioning"
  | "left-behind";

export interface Outcome {
  readonly status: Status;
  /** A plain sentence. Never a URL with a query, and nothing a store has said but its error code. */
  readonly says: string;
  /** What to do about it. */
  readonly mend?: string;
  /** Which text to paste helps: the CORS rules or the policy. */
  readonly paste?: "cors" | "policy";
}

export interface Finding extends Outcome {
  readonly check: CheckId;
}

/** What the checks before have found; the worst where there are several findings. */
export type Found = (check: CheckId) => Status;

export interface Check {
  readonly id: CheckId;
  /** Skipped where one of these is an error, or was itself skipped. */
  readonly needs: readonly CheckId[];
  readonly run: (bench: Bench, found: Found) => Promise<Outcome | readonly Outcome[]>;
}

export function ok(says: string): Outcome {
  return { status: "ok", says };
}

export function note(says: string): Outcome {
  return { status: "note", says };
}

export function skipped(says: string): Outcome {
  return { status: "skipped", says };
}

export function warning(says: string, mend: string, paste?: Outcome["paste"]): Outcome {
  return { status: "warning", says, mend, ...(paste === undefined ? {} : { paste }) };
}

export function error(says: string, mend: string, paste?: Outcome["paste"]): Outcome {
  return { ...warning(says, mend, paste), status: "error" };
}
