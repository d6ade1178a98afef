/**
 * What may happen once: the first one to make an object of its name has it, of however many instances. It rests on the
 * store refusing `If-None-Match: *` where there is an object, which not all do: that is tried before it is relied on.
 * Where the store does not, names are claimed elsewhere, if there is such a place: in a Redis.
 */
import { PresyncError } from "../shared/errors.ts";
import type { Claims } from "./claims.ts";
import type { CheckedConfig } from "./config.ts";
import type { StoreClient } from "./store-client.ts";

const recordVersion = 1;
/** Whatever is used once is over by then. */
const claimSeconds = 2 * 86_400;

const probeKey = "@service/used/probe";

export interface SingleUse {
  /** Whether this is the first time; `day` is when it was given out, whenever it is used. */
  claim(day: string, id: string): Promise<boolean>;
  isClaimed(day: string, id: string): Promise<boolean>;
  /** Throws `denied` where the store cannot say what is first. */
  check(): Promise<void>;
}

export function createSingleUse(
  store: StoreClient,
  config: Pick<CheckedConfig, "now" | "log" | "claims">,
): SingleUse {
  const { claims, log } = config;
  let isKept: boolean | undefined;
  const record = (): string => JSON.stringify({ version: recordVersion, at: config.now() });

  /** Whether the store refuses to create what is there. */
  const probe = async (): Promise<boolean> => {
    if (isKept !== undefined) return isKept;
    await store.create(probeKey, record());
    isKept = !(await store.create(probeKey, record()));
    if (!isKept) log({ level: "error", event: "store-lacks-create-if-absent" });
    return isKept;
  };

  /** Null where it is the store that knows. */
  const elsewhere = async (): Promise<Claims | null> =>
    claims === null || (await probe()) ? null : claims;

  return {
    async claim(day, id) {
      const others = await elsewhere();
      return others === null
        ? store.create(keyOf(day, id), record())
        : others.claim(id, claimSeconds);
    },
    async isClaimed(day, id) {
      const others = await elsewhere();
      return others === null ? (await store.get(keyOf(day, id))) !== null : others.has(id);
    },
    async check() {
      if ((await probe()) || claims !== null) return;
      throw new PresyncError("denied", "the object store has no create-if-absent");
    },
  };
}

/** As it stands in keys: 2026-01-31, in UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** By day, so that an operator can clear away old ones. */
function keyOf(day: string, id: string): string {
  return `@service/used/${day}/${id}`;
}
