/** How often something may be done; what counts it is given by whoever runs the service. */
import { PresyncError } from "../shared/errors.ts";

export type LimitName =
  /** Mails to one address, whoever asks for them. */
  | "mails-to-address"
  /** Mails to one address that one client asks for: nobody uses up what its owner may ask for. */
  | "mails-to-address-for-client"
  /** Mails that one client asks for. */
  | "mails-for-client"
  /** Attempts to redeem a code for one mail. */
  | "code-attempts"
  /** Attempts of one client to sign in. */
  | "sign-ins"
  /** Grants of one user. */
  | "grants"
  /** What one user asks about the own devices: each lists all that the user has in the bucket. */
  | "devices"
  /** Exports and deletions of everything of one user, a page at a time. */
  | "everything"
  /** Changes that one user's devices report: each about one a second while somebody types. */
  | "hints"
  /** Streams of hints that one user opens. */
  | "hint-streams"
  /** Messages from one of a user's devices to another. */
  | "signals"
  /** Reports and messages of one client: what comes with every edit must not use up what everything else needs. */
  | "hint-requests"
  /** Requests of one client, whatever else they are. */
  | "requests";

export interface Allowance {
  readonly count: number;
  readonly seconds: number;
}

/** A person never meets one of these; a household behind one address hardly ever. */
export const allowances: Readonly<Record<LimitName, Allowance>> = {
  "mails-to-address": { count: 20, seconds: 3600 },
  "mails-to-address-for-client": { count: 5, seconds: 3600 },
  "mails-for-client": { count: 30, seconds: 3600 },
  "code-attempts": { count: 10, seconds: 900 },
  "sign-ins": { count: 120, seconds: 60 },
  grants: { count: 120, seconds: 60 },
  devices: { count: 60, seconds: 60 },
  everything: { count: 120, seconds: 3600 },
  hints: { count: 1200, seconds: 60 },
  "hint-streams": { count: 240, seconds: 60 },
  signals: { count: 1200, seconds: 60 },
  "hint-requests": { count: 6000, seconds: 60 },
  requests: { count: 1200, seconds: 60 },
};

export interface Limits {
  /** Counts one; resolves to 0 where it is allowed, and else to the milliseconds until it may be. Never rejects. */
  take(name: LimitName, key: string): Promise<number>;
  /** Counts one less: what was counted has not happened. Never rejects. */
  giveBack(name: LimitName, key: string): Promise<void>;
}

export const noLimits: Limits = {
  take: () => Promise.resolve(0),
  giveBack: () => Promise.resolve(),
};

/** Answered with 429. */
export class LimitError extends PresyncError {
  readonly waitMs: number;

  constructor(name: LimitName, waitMs: number) {
    super("retry", `too many ${name.replaceAll("-", " ")}: try again later`);
    this.waitMs = waitMs;
  }
}

/** Throws `retry`, with the time to wait. */
export async function limit(limits: Limits, name: LimitName, key: string): Promise<void> {
  const waitMs = await limits.take(name, key);
  if (waitMs > 0) throw new LimitError(name, waitMs);
}
