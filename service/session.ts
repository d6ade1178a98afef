/**
 * A session says who somebody is. Its token is exchanged for a new one every day or so, and the one before may be
 * repeated until the new one is first used: a worker that is killed before it has stored the new one loses nothing.
 * After that, the old token can only be in the hands of somebody who has copied it (or of the owner, if the thief was
 * faster): the whole family is revoked, as RFC 9700 section 4.14.2 has it.
 */
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import type { SessionAnswer } from "../shared/sign-in.ts";
import type { CheckedConfig } from "./config.ts";
import type { Ending, Family } from "./session-families.ts";
import { createSessionFamilies } from "./session-families.ts";
import type { SessionClaims } from "./session-token.ts";
import { createSessionTokens, newSessionId, secondsOf, unauthenticated } from "./session-token.ts";
import type { StoreClient } from "./store-client.ts";

/** A token is copied more easily than a browser: the sooner it is exchanged, the sooner a copy is found out. */
const refreshMsMax = 86_400_000;

/** Short sessions are exchanged several times in their life. */
const refreshShare = 1 / 4;

/** Two workers overlap during an update; what the former one has sent may arrive after the later one's. */
const overlapMsMax = 60_000;

/** Who a session speaks for. */
export interface Member {
  readonly namespace: Namespace;
  /** The sign-in that the session descends from. */
  readonly family: string;
  /** When everything of the user was deleted, in milliseconds since 1970; 0 where it never was. */
  readonly endedAt: number;
  /** When the token that was shown ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface Sessions {
  issue(namespace: Namespace): Promise<SessionAnswer>;
  /**
   * Who the `Authorization` header speaks for. Throws `unauthenticated`; and `retry` for a token that was exchanged a
   * moment ago.
   */
  authenticate(authorization: string | undefined): Promise<Member>;
  /** The next token of the same sign-in; throws as `authenticate`. */
  refresh(authorization: string | undefined): Promise<SessionAnswer>;
  /** Ends the sign-in, with every token of it. A token that is over already is no error. */
  revoke(authorization: string | undefined): Promise<void>;
  /** Ends one sign-in of a user, with every token of it. */
  revokeFamily(family: Family): Promise<void>;
  /** Whether the sign-in has not been ended since it was looked at. Uses no token up. */
  isGood(member: Member): Promise<boolean>;
  /** Whether no token of the sign-in can be good any more. */
  isOver(family: Family): Promise<boolean>;
  /** Ends all sign-ins of a user there have been, but for this one. */
  endOthers(kept: Family): Promise<void>;
  /** Forgets which sign-ins there were, this one at last: at most so many objects; how many it were. */
  forget(last: Family, deletesMax: number): Promise<number>;
  /** Ends them all. */
  end(namespace: Namespace): Promise<void>;
}

export function createSessions(
  store: StoreClient,
  config: Pick<
    CheckedConfig,
    "sessionSecrets" | "sessionSeconds" | "serviceOrigin" | "now" | "log"
  > & {
    /** Sign-ins of this user have ended: whatever goes on under one of them is to end. */
    readonly ended?: (namespace: Namespace) => Promise<void>;
  },
): Sessions {
  const { now, log } = config;
  const ended = config.ended ?? (() => Promise.resolve());
  const tokens = createSessionTokens(config);
  const families = createSessionFamilies(store, config);

  async function answer(
    claims: Omit<SessionClaims, "issuedAt" | "expiresAt">,
    endedAt: number,
  ): Promise<SessionAnswer> {
    const { token, expiresAt } = await tokens.make(claims, endedAt);
    const lifeMs = config.sessionSeconds * 1000;
    return {
      session: token,
      namespace: claims.namespace,
      expiresAt,
      refreshAfterMs: Math.min(refreshMsMax, lifeMs * refreshShare),
    };
  }

  async function check(
    authorization: string | undefined,
  ): Promise<{ readonly claims: SessionClaims; readonly endedAt: number }> {
    const claims = await tokens.read(authorization);
    const [{ isRevoked, generation, ids, usedAt }, ending] = await Promise.all([
      families.look(claims),
      families.ending(claims.namespace),
    ]);
    if (isRevoked || isEnded(claims, ending)) throw unauthenticated("revoked");
    if (claims.generation > generation) await families.use(claims);
    else if (claims.generation < generation || !ids.has(claims.id) || ids.size > 1) {
      const isNeighbour = claims.generation >= generation - 1;
      if (isNeighbour && Math.abs(now() - usedAt) < overlapMsMax)
        throw new PresyncError("retry", "this token was exchanged a moment ago: use the new one");
      await families.revoke(claims);
      const { namespace, family } = claims;
      await ended(namespace);
      log({ level: "warn", event: "session-reused", namespace, family });
      throw unauthenticated("revoked");
    }
    return { claims, endedAt: ending.at };
  }

  async function revokeFamily({ namespace, family }: Family): Promise<void> {
    await families.revoke({ namespace, family });
    await ended(namespace);
    log({ level: "info", event: "session-revoked", namespace, family });
  }

  return {
    async issue(namespace) {
      const claims = { namespace, family: newSessionId(), generation: 0, id: newSessionId() };
      // Who signs in again in the very second in which everything was deleted is not sent away.
      return answer(claims, (await families.ending(namespace)).at);
    },
    async authenticate(authorization) {
      const { claims, endedAt } = await check(authorization);
      const { namespace, family, expiresAt } = claims;
      return { namespace, family, endedAt, expiresAt };
    },
    async refresh(authorization) {
      const { claims, endedAt } = await check(authorization);
      const next = { ...claims, generation: claims.generation + 1, id: newSessionId() };
      return answer(next, endedAt);
    },
    async revoke(authorization) {
      const claims = await tokens.read(authorization);
      const ending = await families.ending(claims.namespace);
      // Of one whose everything was deleted, nothing is kept again.
      if (!isEnded(claims, ending)) await revokeFamily(claims);
    },
    revokeFamily,
    async isGood({ namespace, family, endedAt }) {
      const [{ isRevoked }, { at, kept }] = await Promise.all([
        families.look({ namespace, family }),
        families.ending(namespace),
      ]);
      return !isRevoked && (at === endedAt || kept === family);
    },
    async isOver(family) {
      const { isRevoked, usedAt } = await families.look(family);
      // The last token that was used may have been exchanged at its very end, for one that nobody has used yet.
      return isRevoked || now() - usedAt > 2 * config.sessionSeconds * 1000;
    },
    async endOthers(kept) {
      await families.endOthers(kept);
      await ended(kept.namespace);
    },
    forget: (last, deletesMax) => families.forget(last, deletesMax),
    async end(namespace) {
      await families.end(namespace);
      await ended(namespace);
    },
  };
}

function isEnded({ issuedAt, family }: SessionClaims, { at, kept }: Ending): boolean {
  return issuedAt <= secondsOf(at) && family !== kept;
}
