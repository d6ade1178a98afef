/**
 * What may happen once: the first one to make an object of its name has it, of however many instances. It rests on the
 * store refusing `If-None-Match: *` where there is an object, which not all do: that is tried before it is relied on.
 * With something else to claim names from, such as a Redis, the store is not asked.
 */
import { PresyncError } from "../shared/errors.ts";
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
  const { claims } = config;
  let isKept: boolean | undefined;
  const record = (): string => JSON.stringify({ version: recordVersion, at: config.now() });

  return {
    claim: (day, id) =>
      claims === null ? store.create(keyOf(day, id), record()) : claims.claim(id, claimSeconds),
    isClaimed: async (day, id) =>
      claims === null ? (await store.get(keyOf(day, id))) !== null : claims.has(id),
    async check() {
      if (claims !== null) return;
      if (isKept === undefined) {
        await store.create(probeKey, record());
        isKept = !(await store.create(probeKey, record()));
        if (!isKept) config.log({ level: "error", event: "store-lacks-create-if-absent" });
      }
      if (!isKept) throw new PresyncError("denied", "the object store has no create-if-absent");
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
