/**
 * Which tokens of a sign-in were used: one small object `@service/sessions/<namespace>/<family>/<generation>-<id>` for
 * each, made when the token is first used, and `…/revoked` once the family is over. Objects are made and never
 * changed, and the listing alone tells everything, so any number of instances share it without a lock.
 *
 * `@service/ended/<namespace>` says when all sign-ins of a user were ended, whatever is known of them.
 */
import type { CheckedConfig } from "./config.ts";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import type { SessionClaims } from "./session-token.ts";
import { isSessionId, unauthenticated } from "./session-token.ts";
import type { StoreClient } from "./store-client.ts";

/** More than anybody's: with a refresh a day, a dozen years. */
const tokensMax = 5000;

const revokedName = "revoked";
const recordVersion = 1;

export interface FamilyState {
  readonly isRevoked: boolean;
  /** The newest generation of which a token was used; -1 where none was. */
  readonly generation: number;
  /** Its tokens that were used: one, unless somebody has copied the token they were exchanged for. */
  readonly ids: ReadonlySet<string>;
  /** When the last of these was first used, in milliseconds since 1970 by the store's clock. */
  readonly usedAt: number;
}

export type Family = Pick<SessionClaims, "namespace" | "family">;

export interface SessionFamilies {
  look(claims: Family): Promise<FamilyState>;
  /** A token of this generation is used. */
  use(claims: SessionClaims): Promise<void>;
  revoke(claims: Family): Promise<void>;
  ending(namespace: Namespace): Promise<Ending>;
  /** Ends all that there have been, but for one. */
  endOthers(kept: Family): Promise<void>;
  /**
   * Deletes what is kept of them, at most so many objects, and of this one at last; how many it were. Throws
   * `unauthenticated` where this one was revoked meanwhile: that is not forgotten.
   */
  forget(last: Family, deletesMax: number): Promise<number>;
  /** Ends them all. */
  end(namespace: Namespace): Promise<void>;
}

/** When all sign-ins of a user were ended. */
export interface Ending {
  /** In milliseconds since 1970; 0 where they never were. */
  readonly at: number;
  /** The one that goes on. */
  readonly kept: string | null;
}

export function createSessionFamilies(
  store: StoreClient,
  config: Pick<CheckedConfig, "now">,
): SessionFamilies {
  const record = (more: object = {}): string =>
    JSON.stringify({ version: recordVersion, at: config.now(), ...more });

  async function ending(namespace: Namespace): Promise<Ending> {
    const text = await store.get(endedKey(namespace));
    return text === null ? { at: 0, kept: null } : readEnding(text);
  }

  /** The clocks of two instances differ, and one may be set back: what has ended once stays so. */
  async function putEnding(namespace: Namespace, msMore: number, kept?: string): Promise<void> {
    const at = Math.max(config.now(), (await ending(namespace)).at + msMore);
    await store.put(endedKey(namespace), record({ at, ...(kept === undefined ? {} : { kept }) }));
  }

  return {
    async look(claims) {
      const prefix = familyPrefix(claims);
      const names = (await store.list(prefix, tokensMax)).map(({ key, lastModified }) => ({
        name: key.slice(prefix.length),
        lastModified,
      }));
      const used = names.flatMap(({ name, lastModified }) => {
        const [, generation, id] = /^(\d+)-([0-9a-f]+)$/.exec(name) ?? [];
        return id === undefined ? [] : { generation: Number(generation), id, lastModified };
      });
      const generation = Math.max(-1, ...used.map((token) => token.generation));
      const newest = used.filter((token) => token.generation === generation);
      return {
        // With so many nobody knows what the listing has left out: it is nobody's honest use.
        isRevoked: names.length >= tokensMax || names.some(({ name }) => name === revokedName),
        generation,
        ids: new Set(newest.map(({ id }) => id)),
        usedAt: Math.max(0, ...newest.map(({ lastModified }) => lastModified)),
      };
    },
    async use(claims) {
      await store.create(`${familyPrefix(claims)}${claims.generation}-${claims.id}`, record());
    },
    async revoke(claims) {
      await store.create(familyPrefix(claims) + revokedName, record());
    },
    ending,
    endOthers: ({ namespace, family }) => putEnding(namespace, 0, family),
    async forget(last, deletesMax) {
      const prefix = sessionsPrefix(last.namespace);
      // However many there are of the last one, there is room for the others.
      const listed = await store.list(prefix, deletesMax + tokensMax);
      const keys = listed.map(({ key }) => key).filter((key) => key.startsWith(prefix));
      const isLast = (key: string): boolean => key.startsWith(familyPrefix(last));
      const own = keys.filter(isLast);
      if (own.includes(familyPrefix(last) + revokedName)) throw unauthenticated("revoked");
      const some = [...keys.filter((key) => !isLast(key)), ...own].slice(0, deletesMax);
      await store.delete(some);
      return some.length;
    },
    // By a clock that is behind, tokens are issued in the second after the last ending: those end, too.
    end: (namespace) => putEnding(namespace, 1000),
  };
}

function sessionsPrefix(namespace: Namespace): string {
  return `@service/sessions/${namespace}/`;
}

function familyPrefix({ namespace, family }: Family): string {
  return `${sessionsPrefix(namespace)}${family}/`;
}

function endedKey(namespace: Namespace): string {
  return `@service/ended/${namespace}`;
}

function readEnding(text: string): Ending {
  try {
    const { version, at, kept } = JSON.parse(text) as {
      version?: unknown;
      at?: unknown;
      kept?: unknown;
    };
    if (version === recordVersion && typeof at === "number")
      return { at, kept: isSessionId(kept) ? kept : null };
  } catch {
    // Answered below.
  }
  // Nobody is let in because of what cannot be read.
  throw new PresyncError("internal", "the record of an ended user is damaged");
}
