/**
 * Which tokens of a sign-in were used: one small object `@service/sessions/<namespace>/<family>/<generation>-<id>` for
 * each, made when the token is first used, and `…/revoked` once the family is over. Objects are made and never
 * changed, and the listing alone tells everything, so any number of instances share it without a lock.
 */
import type { CheckedConfig } from "./config.ts";
import type { SessionClaims } from "./session-token.ts";
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

export interface SessionFamilies {
  look(claims: SessionClaims): Promise<FamilyState>;
  /** A token of this generation is used. */
  use(claims: SessionClaims): Promise<void>;
  revoke(claims: SessionClaims): Promise<void>;
}

export function createSessionFamilies(
  store: StoreClient,
  config: Pick<CheckedConfig, "now">,
): SessionFamilies {
  const record = (): string => JSON.stringify({ version: recordVersion, at: config.now() });

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
  };
}

function familyPrefix({ namespace, family }: SessionClaims): string {
  return `@service/sessions/${namespace}/${family}/`;
}
