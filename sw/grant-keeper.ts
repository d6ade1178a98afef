/**
 * Keeps one user's grant fresh. It is renewed at half its life while the service can be reached; otherwise it
 * is used for as long as the store accepts it. A clock only hastens a renewal: nothing but an answer of
 * the store or the service ends anything. After an end the user goes on working, and signs in again when ready.
 *
 *     valid --(half its life)--> renewing --ok--> valid
 *       |                           '--unreachable--> tried again later; `expiring` near the end
 *       '--(the store refuses)--> renewing once --ok--> valid
 *                                   |--unreachable--> expired, tried again later
 *                                   '--session over--> expired or revoked, until the user signs in
 */
import { noAnswerCodes, PresyncError, toErrorData } from "../shared/errors.ts";
import type { Grant } from "../shared/grants.ts";
import type { Status } from "../shared/status.ts";
import type { Backoff } from "./engine/backoff.ts";
import { createBackoff } from "./engine/backoff.ts";
import type { Random, Timers } from "./engine/world.ts";
import type { Problems } from "./engine/problems.ts";
import type { Session, UserRecord } from "./registry.ts";
import type { ServiceClient } from "./service-client.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { CorrectedClock } from "./world/corrected-clock.ts";

/** From here on a user who wants to stay connected had better look after it. */
const expiringShare = 0.9;

/** Newcomers come in bursts, and each grant is a hundred signatures' work for the service. */
const renewalIntervalMsMin = 60_000;

/** A service that is down for long is left in peace; coming online asks it at once. */
const renewalPauseMsMax: number = 15 * 60_000;

/** What the problems here are about. */
const subject = "grant";

/** A user who is over a quota makes room, and wants to go on then. */
const quotaPauseMs: number = 10 * 60_000;

/** Longer timers overflow to zero. */
const timerMsMax = 2 ** 31 - 1;

export interface GrantKeeper {
  readonly auth: Status["auth"];
  /** Whether an answer of the service is being waited for. */
  readonly isRenewing: boolean;
  readonly expiresAt: number | null;
  /** The store refused: get another grant, if the session allows it. */
  refused(): void;
  /** A newer grant would show more replicas. */
  refresh(): void;
  /** Asks for one now, whatever it may be good for: something about the user has changed. Never rejects. */
  renew(): Promise<void>;
  /** The network is back. */
  online(): void;
  /** The clock is corrected by another amount now. */
  clockSet(): void;
  close(): void;
}

export interface GrantKeeperParts {
  readonly clock: CorrectedClock;
  readonly timers: Timers;
  readonly random: Random;
  readonly user: UserRecord;
  readonly client: Pick<ServiceClient, "grant"> | null;
  readonly sessions: SessionKeeper | null;
  /** Hands the grant to the engine. */
  readonly use: (grant: Grant) => void;
  /** Null where none is to be used any more, by the next incarnation either. */
  readonly save: (grant: Grant | null) => Promise<void>;
  readonly problems: Problems;
  readonly changed: () => void;
  /** The replica was retired, and the sign-in is good: get another id. Resolves when there is one; never rejects. */
  readonly retired: () => Promise<void>;
}

export function createGrantKeeper(parts: GrantKeeperParts): GrantKeeper {
  const { clock, timers, user, client, sessions } = parts;
  const backoff: Backoff = createBackoff(renewalPauseMsMax);
  let { grant } = user;
  let isRefused = false;
  let sessionExpiresAt = user.session?.expiresAt ?? 0;
  let sessionEnd: "expired" | "revoked" | null = null;
  let renewing: Promise<void> | null = null;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let closed = false;
  let cancelTimer: (() => void) | undefined;
  let cancelExchange: (() => void) | undefined;

  /** A clock that was set back in between must not put a renewal off. */
  const sinceRenewalMs = (): number => Math.abs(clock.now() - renewedAt);

  /** Grants of seconds, which tests have, are renewed within seconds. */
  const intervalMs = (): number =>
    grant === null
      ? renewalIntervalMsMin
      : Math.min(renewalIntervalMsMin, (grant.expiresAt - grant.issuedAt) / 4);

  const schedule = (delayMsWanted: number): void => {
    cancelTimer?.();
    // Whatever the clock says or the store refuses: the service is not asked again at once.
    const delayMs = Math.max(delayMsWanted, intervalMs() - sinceRenewalMs());
    if (closed || sessions === null || user.session === null || sessionEnd !== null) return;
    const bounded = Math.min(Math.max(delayMs, 0), timerMsMax);
    cancelTimer = timers.after(bounded, () => void renew());
  };

  const halfLifeMs = (): number => {
    if (grant === null) return 0;
    const halfMs = (grant.expiresAt - grant.issuedAt) / 2;
    return grant.put === null ? Math.min(halfMs, quotaPauseMs) : halfMs;
  };

  /** Nobody waits for longer than a grant is good for: one of seconds is asked for within seconds. */
  const nextPauseMs = (): number => {
    const pauseMs = backoff.next(parts.random.uniform());
    return grant === null ? pauseMs : Math.min(pauseMs, halfLifeMs());
  };

  const scheduleHalfLife = (): void => {
    if (grant === null) return schedule(0);
    schedule(grant.issuedAt + halfLifeMs() - clock.now());
  };

  const useSession = async (keeper: SessionKeeper): Promise<Session> => {
    const session = await keeper.current();
    sessionExpiresAt = session.expiresAt;
    const { receivedAt, refreshAfterMs } = session;
    // Never at once again, whatever the clock did meanwhile.
    scheduleExchange(Math.max(receivedAt + refreshAfterMs - clock.now(), refreshAfterMs / 2));
    return session;
  };

  /** A session is exchanged also while the grant needs no renewal: it may live less long, and a copy of it be found out. */
  const scheduleExchange = (delayMs: number): void => {
    cancelExchange?.();
    if (closed || sessions === null || user.session === null || sessionEnd !== null) return;
    const longestMs = user.session.refreshAfterMs;
    cancelExchange = timers.after(Math.min(Math.max(delayMs, 0), longestMs, timerMsMax), () => {
      useSession(sessions).catch((error: unknown) => {
        if (!endedBy(error)) scheduleExchange(renewalPauseMsMax);
        parts.changed();
      });
    });
  };

  /** Whether it says that the session is over. */
  const endedBy = (cause: unknown): boolean => {
    if (toErrorData(cause).code !== "unauthenticated") return false;
    parts.problems.report(subject, cause);
    sessionEnd = clock.now() < sessionExpiresAt ? "revoked" : "expired";
    cancelTimer?.();
    cancelExchange?.();
    // What fails is no worse than before: the next one is told so by the service.
    if (sessionEnd === "revoked") parts.save(null).catch(() => undefined);
    return true;
  };

  /** Never rejects: what fails shows in `auth`, and is tried again. Who asks while one is under way waits for that. */
  const renew = (): Promise<void> => {
    renewing ??= attempt().finally(() => {
      renewing = null;
      parts.changed();
    });
    return renewing;
  };

  const attempt = async (): Promise<void> => {
    if (closed || client === null || sessions === null || user.session === null) return;
    try {
      const { replica } = user;
      const using = await useSession(sessions);
      const askedAt = clock.now();
      const next = await client.grant(
        using,
        replica === null ? { kind: "browser" } : { kind: "browser", replica },
      );
      if (replica !== null && next.replica !== replica)
        throw new PresyncError("unexpected-answer", "the grant is for another replica");
      clock.heard(next.issuedAt, askedAt);
      renewedAt = clock.now();
      await parts.save(next);
      if (isClosed()) return;
      // A store that refuses every grant must not make us fetch one after the other.
      if (!isRefused) backoff.reset();
      [grant, isRefused] = [next, false];
      parts.problems.resolve(subject);
      parts.use(next);
      scheduleHalfLife();
    } catch (error) {
      if (endedBy(error)) return;
      // It counts as renewing until it is done, or the browser would end the worker meanwhile.
      if (toErrorData(error).code === "retired") await parts.retired();
      // While the grant is good, a service that is down is no problem at all.
      if (isRefused || !noAnswerCodes.has(toErrorData(error).code))
        parts.problems.report(subject, error);
      schedule(nextPauseMs());
    }
  };
  const isClosed = (): boolean => closed;

  scheduleHalfLife();
  if (user.session !== null)
    scheduleExchange(user.session.receivedAt + user.session.refreshAfterMs - clock.now());
  return {
    get isRenewing() {
      return renewing !== null;
    },
    get auth() {
      if (user.namespace === null) return "none";
      if (sessionEnd === "revoked") return "revoked";
      if (grant === null || isRefused || sessionEnd !== null) return "expired";
      const age = clock.now() - grant.issuedAt;
      return age > (grant.expiresAt - grant.issuedAt) * expiringShare ? "expiring" : "valid";
    },
    get expiresAt() {
      return grant?.expiresAt ?? null;
    },
    refused() {
      // It is not the store that refuses.
      if (sessionEnd === "revoked") return;
      isRefused = true;
      parts.problems.report(subject, new PresyncError("expired", "the store refuses the grant"));
      // It was good for long: this is its end, and no store that refuses whatever it is given.
      if (sinceRenewalMs() > halfLifeMs()) backoff.reset();
      if (sinceRenewalMs() > intervalMs()) void renew();
      else schedule(nextPauseMs());
    },
    renew,
    refresh() {
      if (sinceRenewalMs() < renewalIntervalMsMin) return;
      renewedAt = clock.now();
      void renew();
    },
    online() {
      if (backoff.failures === 0) return;
      backoff.reset();
      void renew();
    },
    clockSet: scheduleHalfLife,
    close() {
      closed = true;
      cancelTimer?.();
      cancelExchange?.();
    },
  };
}
